import assert from 'node:assert/strict';
import { DiscoveryService } from '@agenda/proto/cluster/v1/discovery';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { DriverBench, STALL_MS } from '../testing/driver.ts';
import { ManualClock } from '../testing/manual.ts';
import { Alarms } from './alarms.ts';
import { ClockSkew } from './clock-skew.ts';
import { DiskStall } from './disk-stall.ts';

const SECRET = 's'.repeat(32);
const logger = createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' });

describe('a node whose disk or clock fails it', () => {
  let directory: string;
  let bench: DriverBench;

  beforeEach(() => {
    directory = temporaryDirectory();
    bench = new DriverBench(directory, 'a#1');
    bench.lead();
  });

  afterEach(() => {
    bench.close();
    removeDirectory(directory);
  });

  function stored(): string[] {
    return bench.store
      .entries(1, bench.store.lastIndex(), Number.MAX_SAFE_INTEGER)
      .flatMap(({ payload }) => (payload.kind === 'command' ? String(payload.data.slice(0, 8)) : []));
  }

  it('stops loudly when the disk is full, and has all that it acknowledged when there is room again', () => {
    const pages = bench.database.pragma('page_count', { simple: true }) as number;
    bench.database.pragma(`max_page_count = ${pages + 20}`);
    const committed: string[] = [];
    bench.driver.onCommit((_index, entries) => {
      for (const { payload } of entries)
        if (payload.kind === 'command') committed.push(String(payload.data.slice(0, 8)));
    });
    for (let at = 0; bench.fatal.length === 0 && at < 1_000; at++) {
      bench.propose(`${String(at).padStart(8)}${'x'.repeat(4_000)}`);
      bench.scheduler.settle();
    }
    assert.match(String(bench.fatal[0]), /raft\.db: the disk is full: make room on it\. This node stops/);
    assert.ok(bench.driver.stopped && committed.length > 0);
    bench.database.close();
    bench = new DriverBench(directory, 'a#1');
    assert.deepEqual(stored(), committed);
  });

  it('does not go on leading after a write that took longer than an election, and keeps what it wrote', () => {
    const write = bench.store.write.bind(bench.store);
    let tookMs = STALL_MS + 1;
    bench.store.write = (change) => {
      write(change);
      bench.clock.nowMs += tookMs;
    };
    bench.propose('slow');
    bench.scheduler.step();
    bench.scheduler.settle();
    assert.equal(bench.driver.isLeader, false);
    assert.deepEqual(stored(), ['slow']);
    tookMs = 1;
    while (!bench.driver.isLeader) {
      bench.scheduler.fire();
      bench.scheduler.settle();
    }
    bench.propose('fast');
    bench.scheduler.settle();
    assert.ok(bench.driver.isLeader);
  });

  it('never lets timestamps fall when its clock is set back, and leads on when it is set forward', () => {
    const { term } = bench.driver.leadership;
    let wallMs = 1_000_000;
    bench.clock.wallMs = () => wallMs;
    for (const next of [2_000_000, 500_000, 3_000_000, 0, 2_500_000]) {
      wallMs = next;
      bench.propose(`at ${next}`);
      bench.scheduler.settle();
      bench.scheduler.fire();
      bench.scheduler.settle();
    }
    const times = bench.store
      .entries(1, bench.store.lastIndex(), Number.MAX_SAFE_INTEGER)
      .map(({ timestampMs }) => timestampMs);
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );
    assert.deepEqual([bench.driver.isLeader, bench.driver.leadership.term], [true, term]);
  });
});

describe('the alarm about a stalled disk', () => {
  it('is raised by a write that takes longer than an election, and is over some time after the last one', () => {
    const clock = new ManualClock();
    const alarms = new Alarms(clock.wallMs, () => {});
    const stall = new DiskStall(alarms, clock, 300);
    assert.equal(stall.wrote(300), false);
    assert.deepEqual(alarms.list(), []);
    assert.equal(stall.wrote(1_200), true);
    assert.match(alarms.list()[0]?.message ?? '', /took 1200 ms/);
    clock.nowMs += 30_000;
    stall.watch();
    assert.equal(alarms.list().length, 1);
    clock.nowMs += 1;
    stall.watch();
    assert.deepEqual(alarms.list(), []);
  });
});

describe('the alarm about clocks that differ', () => {
  const clock = new ManualClock();
  const alarms = new Alarms(
    () => clock.wallMs(),
    () => {},
  );
  const skew = new ClockSkew(alarms, clock);
  const receiver = receiverOf('agenda-1', 'raft-sidecar');
  let server: GrpcServer;
  let port: number;

  before(async () => {
    server = new GrpcServer({
      verifier: new Verifier(receiver, [SECRET]),
      logger,
      onRefused: (refused) => skew.onRefused(refused),
    });
    server.addService(DiscoveryService, { nodes: () => ({ nodes: [] }) });
    port = await server.listen({ host: '127.0.0.1', port: 0 });
  });
  after(() => server.close(0));

  async function call(secret: string, aheadMs: number): Promise<void> {
    const signer = new Signer('agenda-2', [secret], () => Date.now() + aheadMs);
    const channel = new GrpcChannel({ address: { host: '127.0.0.1', port }, receiver, signer, logger });
    try {
      await channel.client(DiscoveryService).nodes({}, { deadlineMs: 2_000 });
    } finally {
      channel.close();
    }
  }

  it('is not raised by a call that none of us signed', async () => {
    await assert.rejects(call('f'.repeat(32), 3_600_000), { code: 'unauthenticated' });
    assert.deepEqual(alarms.list(), []);
  });

  it('names the node whose signatures are refused for its clock, and is over once none are', async () => {
    await assert.rejects(call(SECRET, 3_600_000), { code: 'unauthenticated' });
    const [alarm] = alarms.list();
    assert.equal(alarm?.code, 'clock_skew');
    assert.match(alarm?.message ?? '', /^the clock of agenda-2 is 3[56]\d+ ms ahead of this one/);
    await call(SECRET, 0);
    clock.nowMs += 30_001;
    skew.watch();
    assert.deepEqual(alarms.list(), []);
  });
});
