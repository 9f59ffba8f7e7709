import assert from 'node:assert/strict';
import { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { deadlineAt } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { ScriptedSidecar } from '../testing/scripted-sidecar.ts';
import { AppliedPosition } from './applied-position.ts';
import { LeadershipWatch } from './leadership-watch.ts';
import { ReadBarrier } from './read-barrier.ts';

describe('ReadBarrier', () => {
  let sidecar: ScriptedSidecar;
  let channel: GrpcChannel;
  let leadership: LeadershipWatch;
  let position: AppliedPosition;
  let barrier: ReadBarrier;

  beforeEach(async () => {
    sidecar = await new ScriptedSidecar().start();
    channel = sidecar.channel();
    leadership = new LeadershipWatch();
    position = new AppliedPosition({ index: 1, term: 1 });
    barrier = new ReadBarrier({ sidecar: channel.carried(SidecarService), leadership, position });
    leadership.update(sidecar.leadership);
  });

  afterEach(async () => {
    barrier.close();
    channel.close();
    await sidecar.stop();
  });

  it('asks once for the first read and once for all that arrive meanwhile', async () => {
    await Promise.all(Array.from({ length: 100 }, () => barrier.pass(deadlineAt(5_000))));
    assert.equal(sidecar.readIndexCalls, 2);
  });

  it('waits until this replica has applied what the leader confirmed', async () => {
    sidecar.appendEmpty();
    let passed = false;
    const pass = barrier.pass(deadlineAt(5_000)).then(() => {
      passed = true;
    });
    await sidecar.until(() => sidecar.readIndexCalls === 1);
    await barrier.pass(deadlineAt(50)).catch((error: ServiceError) => assert.equal(error.code, 'timeout'));
    assert.equal(passed, false);
    position.advance(2, 1);
    await pass;
  });

  it('asks again when the leader is gone, until there is one', async () => {
    sidecar.readVerdict = () =>
      sidecar.readIndexCalls < 3 ? new ServiceError('no_leader', 'electing') : 'answer';
    await barrier.pass(deadlineAt(5_000));
    assert.equal(sidecar.readIndexCalls, 3);
  });

  it('refuses with no_leader within two seconds when nobody leads', async () => {
    leadership.forget();
    const startMs = performance.now();
    await assert.rejects(barrier.pass(deadlineAt(10_000)), (error: ServiceError) => {
      return error.code === 'no_leader' && (error.retryAfterMs ?? 0) > 0;
    });
    assert.ok(performance.now() - startMs < 2_000);
    assert.equal(sidecar.readIndexCalls, 0);
  });

  it('goes on as soon as a leader is known', async () => {
    leadership.forget();
    const pass = barrier.pass(deadlineAt(10_000));
    leadership.update(sidecar.leadership);
    await pass;
  });
});
