import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('testing/lifecycle-process.ts', import.meta.url));
const STARTED = ['start storage', 'start core', 'start server'];
const STOPPED = ['stop server', 'stop core', 'stop storage'];

class Process {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly #exit: Promise<number | null>;
  #onLine: () => void = () => {};

  constructor(scenario: string) {
    this.child = fork(PROGRAM, [scenario], { stdio: ['ignore', 'pipe', 'ignore', 'ipc'] });
    let rest = '';
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\n');
      rest = parts.pop() ?? '';
      this.lines.push(...parts);
      this.#onLine();
    });
    // Not 'close': it does not come after a disconnect.
    const drained = this.child.stdout ? once(this.child.stdout, 'end') : Promise.resolve();
    this.#exit = once(this.child, 'exit').then(async ([code]) => {
      await drained;
      return code as number | null;
    });
  }

  async line(text: string): Promise<void> {
    while (!this.lines.includes(text))
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
      });
  }

  exit(): Promise<number | null> {
    return this.#exit;
  }

  ready(): Promise<unknown> {
    return once(this.child, 'message').then(([message]) => message);
  }
}

describe('the life of a process', function () {
  this.timeout(30_000);
  const processes: Process[] = [];

  function start(scenario = ''): Process {
    const started = new Process(scenario);
    processes.push(started);
    return started;
  }

  afterEach(async () => {
    for (const { child } of processes) child.kill('SIGKILL');
    await Promise.all(processes.splice(0).map((left) => left.exit()));
  });

  it('starts its parts in order, tells its parent, and stops them in reverse order on SIGTERM with code 0', async () => {
    const running = start();
    assert.deepEqual(await running.ready(), { type: 'ready' });
    running.child.kill('SIGTERM');
    assert.equal(await running.exit(), 0);
    assert.deepEqual(
      running.lines.filter((line) => line !== 'running'),
      [...STARTED, ...STOPPED],
    );
  });

  it('ends in good order when its parent goes away', async () => {
    const running = start();
    await running.ready();
    running.child.disconnect();
    assert.equal(await running.exit(), 0);
    assert.deepEqual(running.lines.slice(-3), STOPPED);
  });

  it('ends in good order when its parent was gone before it started', async () => {
    const running = start();
    running.child.disconnect();
    assert.equal(await running.exit(), 0);
  });

  it('stops what was started, and what failed, when a part cannot start, with code 70', async () => {
    const running = start('fail core');
    assert.equal(await running.exit(), 70);
    assert.deepEqual(running.lines, ['start storage', 'start core', 'stop core', 'stop storage']);
  });

  it('exits with the code that an error of the start stands for', async () => {
    assert.equal(await start('misconfigured storage').exit(), 78);
  });

  it('stops a part that is still starting, starts no further one, and does not say ready', async () => {
    const running = start('hang core');
    let said = false;
    running.child.on('message', () => {
      said = true;
    });
    await running.line('start core');
    running.child.kill('SIGTERM');
    assert.equal(await running.exit(), 0);
    assert.deepEqual(running.lines, ['start storage', 'start core', 'stop core', 'stop storage']);
    assert.equal(said, false);
  });

  it('goes on stopping when a part fails to stop, or hangs beyond its time', async () => {
    for (const scenario of ['stop fails server', 'stop hangs server']) {
      const running = start(scenario);
      await running.ready();
      running.child.kill('SIGTERM');
      assert.equal(await running.exit(), 0, scenario);
      assert.deepEqual(running.lines.slice(-3), STOPPED, scenario);
    }
  });

  it('ends at once with code 1 on a second signal', async () => {
    const running = start('stop never ends');
    await running.ready();
    running.child.kill('SIGTERM');
    running.child.kill('SIGINT');
    assert.equal(await running.exit(), 1);
  });

  it('ends at once with code 70 on an error that nobody caught', async () => {
    for (const scenario of ['throw later', 'reject later']) {
      const running = start(scenario);
      assert.equal(await running.exit(), 70, scenario);
      assert.ok(!running.lines.includes('stop server'), scenario);
    }
  });
});
