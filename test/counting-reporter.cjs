/** mocha's dots, and the counts in the file that COUNTS_FILE names. CommonJS, as mocha loads reporters by require. */
const { writeFileSync } = require('node:fs');
const { reporters } = require('mocha');

/** After the last test the process ends by itself, or what keeps it is named and it is ended. */
const LINGER_MS_MAX = 20_000;

module.exports = class CountingReporter extends reporters.Dot {
  constructor(runner, options) {
    super(runner, options);
    runner.once('end', () => {
      const { passes, failures, pending } = this.stats;
      writeFileSync(
        process.env.COUNTS_FILE,
        JSON.stringify({ passed: passes, failed: failures, skipped: pending }),
      );
      // Left to itself, Node 26.10 now and then spins for ever in closing the handles of a loop that is empty.
      process.once('beforeExit', () => process.exit());
      setTimeout(() => {
        process.stderr.write(`ended by force; a test left open: ${openResources().join(', ')}\n`);
        process.exit();
      }, LINGER_MS_MAX).unref();
    });
  }
};

/** Sockets with their ends and child processes with their commands: enough to find the test. */
function openResources() {
  const handles = process._getActiveHandles().map((handle) => {
    const name = handle.constructor.name;
    if (handle.spawnargs) return `${name} ${handle.pid}: ${handle.spawnargs.join(' ')}`;
    if (handle.remotePort) return `${name} ${handle.localPort} to ${handle.remotePort}`;
    return handle.listening ? `${name} on ${JSON.stringify(handle.address())}` : name;
  });
  return [...handles, ...process.getActiveResourcesInfo().filter((name) => name === 'Timeout')];
}
