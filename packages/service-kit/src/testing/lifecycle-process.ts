/**
 * A process with three parts, for the tests of the lifecycle. It writes what happens to standard output, a word a
 * line; its argument names what goes wrong.
 */
import { writeSync } from 'node:fs';
import pino from 'pino';
import { Lifecycle } from '../lifecycle.ts';

const scenario = process.argv[2];
const say = (text: string): void => void writeSync(1, `${text}\n`);
const never = new Promise<void>(() => {});
// Whatever hangs in a test, the process does not stay behind; it also keeps the process alive until it is stopped.
setTimeout(() => process.exit(99), 20_000);

const lifecycle = new Lifecycle(pino({ level: 'silent' }));

function add(name: string): void {
  lifecycle.add({
    name,
    start: async () => {
      say(`start ${name}`);
      if (scenario === `fail ${name}`) throw new Error('cannot');
      if (scenario === `misconfigured ${name}`) throw Object.assign(new Error('cannot'), { exitCode: 78 });
      if (scenario === `hang ${name}`) await never;
    },
    stop: async () => {
      say(`stop ${name}`);
      if (scenario === `stop fails ${name}`) throw new Error('cannot');
      if (scenario === `stop hangs ${name}`) await never;
    },
    stopMs: scenario === `stop hangs ${name}` ? 50 : 5_000,
  });
}

for (const name of ['storage', 'core', 'server']) add(name);
if (scenario === 'throw later') lifecycle.add({ name: 'bug', start: () => void setImmediate(bug) });
if (scenario === 'reject later')
  lifecycle.add({ name: 'bug', start: () => void Promise.reject(new Error('x')) });
if (scenario === 'stop never ends') lifecycle.add({ name: 'slow', stop: () => never, stopMs: 60_000 });

function bug(): void {
  throw new Error('a bug');
}

await lifecycle.run();
say('running');
