/** One pod: the process that a Swarm task runs. Imports next to nothing, because it is there for every pod. */
import { CHILD_ENV, type ChildSpec, podChildren } from './children.ts';
import { type PodEvent, RESTART_POLICY, Supervisor } from './supervisor.ts';

const NODE_MAJOR_MIN = 26;
const EXIT_CONFIGURATION = 78;
const EXIT_KILLED = 1;
const TROUBLE: ReadonlySet<PodEvent['type']> = new Set(['given_up', 'child_killed', 'child_error']);

if (Number(process.versions.node.split('.')[0]) < NODE_MAJOR_MIN) {
  process.stderr.write(`Node ${NODE_MAJOR_MIN} or newer is needed, but this is ${process.version}\n`);
  process.exit(EXIT_CONFIGURATION);
}

const supervisor = new Supervisor({
  children: children(),
  env: { ...CHILD_ENV, ...process.env },
  policy: RESTART_POLICY,
  onEvent: report,
  onDown: (exitCode) => process.exit(exitCode),
});

/** A JSON line for the log, and a message for whoever started the pod (`make run`, tests). */
function report(event: PodEvent): void {
  const level = TROUBLE.has(event.type) ? 'error' : 'info';
  const line = {
    level,
    time: new Date().toISOString(),
    component: 'pod',
    nodeId: process.env.NODE_ID,
    ...event,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
  if (process.connected) process.send?.(event);
}

let signals = 0;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    signals += 1;
    if (signals === 1) supervisor.stop(0);
    else supervisor.kill(EXIT_KILLED);
  });
// Whoever started this pod with a channel is gone.
process.on('disconnect', () => supervisor.stop(0));
supervisor.start();

function children(): readonly ChildSpec[] {
  try {
    return podChildren(process.env);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
}
