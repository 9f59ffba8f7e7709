import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildSpec } from './children.ts';
import { type PodEvent, type RestartPolicy, Supervisor } from './supervisor.ts';

const POLICY: RestartPolicy = { backOffMinMs: 20, backOffMaxMs: 80, restartsMax: 3, windowMs: 60_000 };

/** Ready at once; writes its name into the journal when it stops as asked. */
const OBEDIENT = `
  import { appendFileSync } from 'node:fs';
  process.on('SIGTERM', () => { appendFileSync(process.env.JOURNAL, process.argv[1].split('/').at(-1) + '\\n'); process.exit(0); });
  process.on('disconnect', () => process.exit(0));
  process.send({ type: 'ready' });
`;
const DEAF = `process.on('SIGTERM', () => {}); process.on('disconnect', () => process.exit(0)); process.send({ type: 'ready' });`;
const CRASHING = 'process.exit(3);';
const MISCONFIGURED = 'process.exit(78);';

describe('the supervisor of a pod', () => {
  let directory: string;
  let events: (PodEvent & { readonly atMs: number })[];
  let watchers: (() => void)[];
  let supervisor: Supervisor;
  let down: Promise<number>;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'agenda-pod-'));
    events = [];
    watchers = [];
  });

  afterEach(async () => {
    supervisor.kill(1);
    await down;
    rmSync(directory, { recursive: true });
  });

  function child(name: string, script: string, stopMs = 10_000): ChildSpec {
    const main = join(directory, `${name}.mjs`);
    writeFileSync(main, script);
    return { name, main, stopMs, nodeFlags: [] };
  }

  function start(children: readonly ChildSpec[], policy = POLICY): void {
    down = new Promise((resolve) => {
      supervisor = new Supervisor({
        children,
        env: { JOURNAL: join(directory, 'journal') },
        policy,
        onEvent: (event) => {
          events.push({ ...event, atMs: performance.now() });
          for (const watcher of watchers) watcher();
        },
        onDown: resolve,
      });
    });
    supervisor.start();
  }

  function of<T extends PodEvent['type']>(type: T) {
    return events.filter(
      (event): event is Extract<PodEvent, { type: T }> & { atMs: number } => event.type === type,
    );
  }

  function until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (condition()) resolve();
      };
      watchers.push(check);
      check();
    });
  }

  function pidOf(name: string): number {
    return of('child_started').findLast((event) => event.name === name)?.pid as number;
  }

  const journal = (): string[] => readFileSync(join(directory, 'journal'), 'utf8').trim().split('\n');

  it('tells each start with its pid, and that the pod is ready once every process is', async () => {
    start([child('one', OBEDIENT), child('two', OBEDIENT)]);
    await until(() => of('ready').length === 1);
    assert.deepEqual(
      of('child_started').map(({ name }) => name),
      ['one', 'two'],
    );
    assert.deepEqual(
      of('child_ready')
        .map(({ name }) => name)
        .sort(),
      ['one', 'two'],
    );
    for (const { pid } of of('child_started')) assert.ok(process.kill(pid, 0));
  });

  it('stops the processes one after the other, in the order of the list', async () => {
    start([child('first', OBEDIENT), child('second', OBEDIENT), child('third', OBEDIENT)]);
    await until(() => of('ready').length === 1);
    supervisor.stop(0);
    assert.equal(await down, 0);
    assert.deepEqual(journal(), ['first.mjs', 'second.mjs', 'third.mjs']);
    assert.deepEqual(
      of('child_exited').map(({ name, code }) => [name, code]),
      [
        ['first', 0],
        ['second', 0],
        ['third', 0],
      ],
    );
    assert.equal(of('child_started').length, 3);
  });

  it('kills a process that does not stop in its time, says so, and stops the others in order', async () => {
    start([child('deaf', DEAF, 50), child('obedient', OBEDIENT)]);
    await until(() => of('ready').length === 1);
    supervisor.stop(0);
    assert.equal(await down, 0);
    assert.match(of('child_killed')[0]?.reason ?? '', /within 50 ms/);
    assert.deepEqual(
      of('child_exited').map(({ name, signal }) => [name, signal]),
      [
        ['deaf', 'SIGKILL'],
        ['obedient', null],
      ],
    );
  });

  it('kills what is left when it is told to, although it is stopping in order', async () => {
    start([child('deaf', DEAF), child('obedient', DEAF)]);
    await until(() => of('ready').length === 1);
    supervisor.stop(0);
    supervisor.kill(1);
    assert.equal(await down, 1);
    assert.deepEqual(
      of('child_exited').map(({ signal }) => signal),
      ['SIGKILL', 'SIGKILL'],
    );
  });

  it('restarts a crashed process alone', async () => {
    start([child('one', OBEDIENT), child('two', OBEDIENT)]);
    await until(() => of('ready').length === 1);
    const [before, other] = [pidOf('one'), pidOf('two')];
    process.kill(before, 'SIGKILL');
    await until(() => of('ready').length === 2);
    assert.notEqual(pidOf('one'), before);
    assert.equal(pidOf('two'), other);
    assert.equal(of('child_exited')[0]?.signal, 'SIGKILL');
  });

  it('restarts one that ended well, too: nobody had asked it to', async () => {
    start([child('one', 'process.exit(0)')]);
    await until(() => of('child_started').length === 2);
  });

  it('rests twice as long before each further restart, and gives up at the bound with exit code 1', async () => {
    start([child('crashing', CRASHING), child('obedient', OBEDIENT)]);
    assert.equal(await down, 1);
    const starts = of('child_started').filter(({ name }) => name === 'crashing');
    assert.equal(starts.length, 1 + POLICY.restartsMax);
    const exits = of('child_exited').filter(({ name }) => name === 'crashing');
    const restsMs = exits.slice(0, -1).map(({ atMs }, at) => (starts[at + 1]?.atMs as number) - atMs);
    // A timer may fire within the millisecond before it is due.
    for (const [at, restMs] of restsMs.entries())
      assert.ok(restMs >= 20 * 2 ** at - 1, `rest ${at} took ${restMs} ms`);
    assert.match(of('given_up')[0]?.reason ?? '', /restarted 3 times within 60000 ms/);
    assert.deepEqual(journal(), ['obedient.mjs']);
  });

  it('forgets restarts that are older than the window', async () => {
    start([child('crashing', CRASHING)], { ...POLICY, restartsMax: 1, windowMs: 1 });
    await until(() => of('child_started').length === 4);
    assert.equal(of('given_up').length, 0);
  });

  it('does not restart a process whose configuration is wrong: the pod ends with 78 at once', async () => {
    start([child('obedient', OBEDIENT), child('misconfigured', MISCONFIGURED)]);
    assert.equal(await down, 78);
    assert.equal(of('child_started').length, 2);
    assert.match(of('given_up')[0]?.reason ?? '', /configuration/);
  });

  it('starts nothing any more when it is stopped during a rest', async () => {
    start([child('crashing', CRASHING)], { ...POLICY, backOffMinMs: 60_000, backOffMaxMs: 60_000 });
    await until(() => of('child_exited').length === 1);
    supervisor.stop(0);
    assert.equal(await down, 0);
    assert.equal(of('child_started').length, 1);
  });

  it('counts a process that cannot even be started as crashed', async () => {
    const missing = process.execPath;
    Object.defineProperty(process, 'execPath', {
      value: join(directory, 'no-such-node'),
      configurable: true,
    });
    try {
      start([child('one', OBEDIENT)]);
      assert.equal(await down, 1);
    } finally {
      Object.defineProperty(process, 'execPath', { value: missing, configurable: true });
    }
    assert.equal(of('child_exited').length, 1 + POLICY.restartsMax);
    assert.match(of('child_exited')[0]?.reason ?? '', /ENOENT/);
  });
});
