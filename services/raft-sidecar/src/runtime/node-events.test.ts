import assert from 'node:assert/strict';
import { type AuditEvent, Level } from '@agenda/proto/audit/v1/audit';
import { createLogger } from '@agenda/service-kit/logger';
import { ManualClock } from '../testing/manual.ts';
import { NodeEvents } from './node-events.ts';

describe('node events', () => {
  const clock = new ManualClock();
  let told: AuditEvent[][];
  let answer: () => Promise<object>;
  let events: NodeEvents;

  beforeEach(() => {
    told = [];
    answer = () => Promise.resolve({});
    events = new NodeEvents({
      nodeId: 'agenda-1',
      audit: {
        record: (request) => {
          told.push(request.events);
          return answer();
        },
      },
      clock,
      logger: createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' }),
    });
  });

  it('go to the audit service with what it must know', async () => {
    events.record({ action: 'raft.leader_elected', target: 'member:a#1', detail: { term: 3 } });
    await events.stop();
    const [event] = told.flat();
    assert.equal(event?.id.length, 16);
    assert.equal(event?.atMs, clock.wallMs());
    assert.equal(event?.component, 'raft-sidecar');
    assert.equal(event?.nodeId, 'agenda-1');
    assert.equal(event?.level, Level.LEVEL_INFO);
    assert.equal(event?.detailJson, '{"term":3}');
  });

  it('are batched while an answer is awaited', async () => {
    const { promise, resolve } = Promise.withResolvers<object>();
    answer = () => promise;
    for (let at = 0; at < 10; at++) events.record({ action: `action.${at}` });
    answer = () => Promise.resolve({});
    resolve({});
    await promise;
    await events.stop();
    assert.deepEqual(
      told.map((batch) => batch.length),
      [1, 9],
    );
  });

  it('of one action are limited, and the next one tells how many were left out', async () => {
    for (let at = 0; at < 1_000; at++) events.record({ action: 'signature.refused' });
    clock.nowMs += 1_000;
    events.record({ action: 'signature.refused' });
    events.record({ action: 'raft.leader_elected' });
    await events.stop();
    const sent = told.flat();
    const refused = sent.filter((event) => event.action === 'signature.refused');
    assert.equal(refused.length, 21);
    assert.equal(refused.at(-1)?.detailJson, '{"suppressedBefore":980}');
    assert.equal(sent.length, 22);
  });

  it('wait in a bounded queue while the audit service is away, and what is beyond is counted', async () => {
    answer = () => Promise.reject(new Error('away'));
    for (let at = 0; at < 1_500; at++) events.record({ action: `action.${at}` });
    assert.equal(events.dropped, 500);
    await events.stop();
  });
});
