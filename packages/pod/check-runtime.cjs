/* Runs on whatever Node there is: says in one line if neither the pinned runtime nor the system's is new enough. */
const NODE_MAJOR_MIN = 26;
if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  console.error(
    `Node ${NODE_MAJOR_MIN} or newer is needed: no npm package with it fits ${process.platform}-${process.arch}, and this is ${process.version}`,
  );
  process.exit(1);
}
