import assert from 'node:assert/strict';
import { AuditServiceService, Level } from '@agenda/proto/audit/v1/audit';
import { ServiceError } from '@agenda/service-kit/errors';
import { GrpcChannel, type UnaryClient } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import { AuditContext } from './context.ts';
import { ScriptedAgenda } from './testing/scripted-agenda.ts';
import { eventOf, Trails } from './testing/trail.ts';

const SECRET = 's'.repeat(32);
const RECEIVER = receiverOf('agenda-1', 'audit');
const DEADLINE = { deadlineMs: 2_000 };
const LOOPBACK = { host: '127.0.0.1', port: 0 };
const NOBODY = { host: '127.0.0.1', port: 9 };

type Audit = UnaryClient<typeof AuditServiceService>;

describe('the audit service beside its agenda', () => {
  const trails = new Trails();
  const closers: (() => Promise<void> | void)[] = [];
  const logger = createLogger({ component: 'audit', nodeId: 'agenda-1', level: 'silent' });

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    trails.remove();
  });

  async function agendaOf(): Promise<ScriptedAgenda> {
    const agenda = new ScriptedAgenda(SECRET);
    await agenda.listen();
    closers.push(() => agenda.close());
    return agenda;
  }

  /** The sidecar of a pod through which another pod's trail can be read. */
  async function sidecarThatAsks({ audit }: { audit: Audit }) {
    const verifier = new Verifier(receiverOf('agenda-1', 'raft-sidecar'), [SECRET]);
    const server = new GrpcServer({ verifier, logger });
    server.addService(AuditServiceService, { links: (request) => audit.links(request, DEADLINE) });
    const port = await server.listen(LOOPBACK);
    closers.push(() => server.close(0));
    return { ...LOOPBACK, port };
  }

  async function auditOf(agenda: ScriptedAgenda, directory = trails.directory(), sidecar = NOBODY) {
    const context = new AuditContext(
      {
        NODE_ID: 'agenda-1',
        DATA_DIR: directory,
        AGENDA_GRPC_ADDR: { ...LOOPBACK, port: agenda.port },
        AUDIT_GRPC_ADDR: LOOPBACK,
        SIDECAR_GRPC_ADDR: sidecar,
        CLUSTER_HMAC_SECRET: [SECRET],
        CLUSTER_RECEIVER_OPTIONAL: false,
        LOG_LEVEL: 'silent',
      },
      logger,
    );
    for (const part of context.parts()) await part.start?.();
    const stop = async (): Promise<void> => {
      for (const part of context.parts().reverse()) await part.stop?.();
    };
    const address = { ...LOOPBACK, port: context.port };
    const channel = new GrpcChannel({
      address,
      receiver: RECEIVER,
      signer: new Signer('agenda-1', [SECRET]),
      logger,
    });
    const audit = channel.client(AuditServiceService);
    const ask = { filter: undefined, limit: 500, cursor: '', oldestFirst: true };
    const trail = async () => (await audit.query(ask, DEADLINE)).records;
    /** Polls: the trail is written by nobody who could tell. */
    const untilTrail = async (holds: (records: Awaited<ReturnType<typeof trail>>) => boolean) => {
      for (;;) {
        const records = await trail();
        if (holds(records)) return records;
      }
    };
    return { audit, untilTrail, stop, close: () => channel.close(), address };
  }

  /** Stopped when the test ends. */
  async function started(agenda: ScriptedAgenda, directory?: string, sidecar = NOBODY) {
    const service = await auditOf(agenda, directory, sidecar);
    closers.push(service.stop, service.close);
    return service;
  }

  it('brings node events into the log as the tool "audit", and from there into the chain', async () => {
    const agenda = await agendaOf();
    const { audit, untilTrail } = await started(agenda);
    await audit.record({ events: [eventOf(1), eventOf(2)] }, DEADLINE);
    const records = await untilTrail((found) => found.length === 2 && found.every((row) => row.sequence > 0));
    assert.deepEqual(
      records.map(({ logIndex, event }) => [logIndex, event?.atMs]),
      [
        [1, 1_001],
        [1, 1_002],
      ],
    );
    assert.deepEqual(
      agenda.submissions.map(({ tool, events }) => [tool, events]),
      [['audit', 2]],
    );
  });

  it('repeats a submission as the same command while there is no leader, and keeps its events meanwhile', async () => {
    const agenda = await agendaOf();
    agenda.refuseCommands = new ServiceError('no_leader', 'no leader');
    const { audit, untilTrail } = await started(agenda);
    await audit.record({ events: [eventOf(1)] }, DEADLINE);
    await agenda.until(() => agenda.submissions.length === 2);
    await untilTrail(([record]) => record?.sequence === 0);
    agenda.refuseCommands = undefined;
    await untilTrail(([record]) => record?.sequence === 1);
    assert.equal(new Set(agenda.submissions.map(({ commandId }) => commandId)).size, 1);
  });

  it('does not submit again what is in the log and only slow to come back', async () => {
    const agenda = await agendaOf();
    agenda.feeding = false;
    const { audit } = await started(agenda);
    await audit.record({ events: [eventOf(1)] }, DEADLINE);
    await agenda.until(() => agenda.submissions.length === 1);
    await audit.record({ events: [eventOf(2)] }, DEADLINE);
    await agenda.until(() => agenda.submissions.length === 2);
    assert.deepEqual(
      agenda.submissions.map(({ events }) => events),
      [1, 1],
    );
  });

  it('submits large events in commands that the log takes', async () => {
    const agenda = await agendaOf();
    const { audit, untilTrail } = await started(agenda);
    const detailJson = JSON.stringify({ text: 'x'.repeat(7_500) });
    const events = Array.from({ length: 100 }, (_, at) => eventOf(at + 1, { detailJson }));
    await audit.record({ events }, DEADLINE);
    await untilTrail((records) => records.filter(({ sequence }) => sequence > 0).length === 100);
    assert.ok(agenda.submissions.length >= 3);
  });

  it('goes on where it was after the feed ended or this process was started anew', async () => {
    const agenda = await agendaOf();
    const directory = trails.directory();
    const first = await auditOf(agenda, directory);
    agenda.append(eventOf(1));
    agenda.append(eventOf(2));
    await first.untilTrail((records) => records.length === 2);
    agenda.endFeeds();
    await agenda.until(() => agenda.feedRequests.length === 2);
    agenda.append(eventOf(3));
    await first.untilTrail((records) => records.length === 3);
    await first.stop();
    first.close();
    agenda.append(eventOf(4));
    const second = await started(agenda, directory);
    await second.untilTrail((records) => records.length === 4);
    assert.deepEqual(agenda.feedRequests, [0, 2, 3]);
    assert.ok((await second.audit.verify({ fromSequence: 0, toSequence: 0 }, DEADLINE)).intact);
  });

  it('raises an alarm, once, when the records it lacks are no longer kept and nobody else can be asked', async () => {
    const agenda = await agendaOf();
    agenda.resetUpTo = 7;
    const { audit, untilTrail } = await started(agenda);
    const [alarm, ...more] = await untilTrail((records) => records.length > 0);
    assert.equal(alarm?.event?.action, 'audit.trail_behind');
    assert.equal(alarm?.event?.level, Level.LEVEL_ALARM);
    assert.deepEqual(more, []);
    assert.ok((await audit.verify({ fromSequence: 0, toSequence: 0 }, DEADLINE)).intact);
  });

  /** The same chain link by link. */
  async function same(a: { audit: Audit }, b: { audit: Audit }): Promise<boolean> {
    const [one, two] = await Promise.all(
      [a, b].map(({ audit }) => audit.links({ afterSequence: 0, limit: 0 }, DEADLINE)),
    );
    return (
      one?.records.length === two?.records.length &&
      one?.lastSequence === two?.lastSequence &&
      JSON.stringify(one?.records) === JSON.stringify(two?.records)
    );
  }

  async function untilSame(a: { audit: Audit }, b: { audit: Audit }): Promise<void> {
    while (!(await same(a, b))) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  it('takes the records that are no longer kept from another replica’s trail, and goes on from there', async () => {
    const whole = await agendaOf();
    for (let number = 1; number <= 1_200; number += 1) whole.append(eventOf(number));
    const other = await started(whole);
    while ((await other.audit.links({ afterSequence: 1_199, limit: 1 }, DEADLINE)).records.length === 0);
    const agenda = await agendaOf();
    for (let number = 1; number <= 1_200; number += 1) agenda.append(eventOf(number));
    agenda.resetUpTo = 1_000;
    const service = await started(agenda, undefined, await sidecarThatAsks(other));
    await agenda.until(() => agenda.feedRequests.length === 2);
    assert.deepEqual(agenda.feedRequests, [0, 1_200]);
    for (const each of [agenda, whole]) each.append(eventOf(1_201));
    await untilSame(service, other);
    assert.ok((await service.audit.verify({ fromSequence: 0, toSequence: 0 }, DEADLINE)).intact);
  });

  it('puts records aside that the other replicas do not have, takes theirs, and says so', async () => {
    const right = await agendaOf();
    const wrong = await agendaOf();
    for (let number = 1; number <= 50; number += 1) {
      right.append(eventOf(number));
      wrong.append(eventOf(number, number > 30 ? { outcome: 'conflict' } : {}));
    }
    const other = await started(right);
    const directory = trails.directory();
    const service = await started(wrong, directory, await sidecarThatAsks(other));
    await service.untilTrail((records) => records.length === 50);
    await other.untilTrail((records) => records.length === 50);
    assert.ok(!(await same(service, other)));
    wrong.resetUpTo = 0;
    wrong.refuseCommands = new ServiceError('no_leader', 'no leader');
    wrong.endFeeds();
    await untilSame(service, other);
    const told = await service.untilTrail((records) => records.some(({ sequence }) => sequence === 0));
    const alarm = told.find(({ sequence }) => sequence === 0)?.event;
    assert.equal(alarm?.action, 'audit.trail_replaced');
    assert.deepEqual(JSON.parse(alarm?.detailJson ?? ''), { fromSequence: 31, count: 20 });
    assert.ok((await service.audit.verify({ fromSequence: 0, toSequence: 0 }, DEADLINE)).intact);
  });

  it('waits for a trail that reaches as far as its own did', async () => {
    const right = await agendaOf();
    const own = await agendaOf();
    for (let number = 1; number <= 20; number += 1) {
      own.append(eventOf(number));
      if (number <= 10) right.append(eventOf(number));
    }
    const other = await started(right);
    const service = await started(own, undefined, await sidecarThatAsks(other));
    await service.untilTrail((records) => records.length === 20);
    own.resetUpTo = 0;
    own.refuseCommands = new ServiceError('no_leader', 'no leader');
    own.endFeeds();
    await service.untilTrail((records) =>
      records.some(({ event }) => event?.action === 'audit.trail_behind'),
    );
    assert.equal((await service.audit.links({ afterSequence: 0, limit: 0 }, DEADLINE)).lastSequence, 20);
    for (let number = 11; number <= 20; number += 1) right.append(eventOf(number));
    await own.until(() => own.feedRequests.length === 3);
    await untilSame(service, other);
  });

  it('records refused signatures, but not each of a flood', async () => {
    const agenda = await agendaOf();
    const { untilTrail, address } = await started(agenda);
    const stranger = new GrpcChannel({
      address,
      receiver: RECEIVER,
      signer: new Signer('agenda-1', ['x'.repeat(32)]),
      logger,
    });
    closers.push(() => stranger.close());
    const request = { fromSequence: 0, toSequence: 0 };
    for (let call = 0; call < 20; call++)
      await assert.rejects(stranger.client(AuditServiceService).verify(request, DEADLINE), {
        code: 'unauthenticated',
      });
    const records = await untilTrail((found) => found.length > 0);
    assert.ok(records.length <= 3);
    assert.equal(records[0]?.event?.action, 'signature.refused');
    assert.equal(records[0]?.event?.target, '/audit.v1.AuditService/Verify');
  });

  it('stops at once while readers follow its trail and no agenda answers', async () => {
    const agenda = await agendaOf();
    const service = await auditOf(agenda);
    const signer = new Signer('agenda-1', [SECRET]);
    const reader = new GrpcChannel({ address: service.address, receiver: RECEIVER, signer, logger });
    closers.push(service.close, () => reader.close());
    for (const number of [1, 2]) agenda.append(eventOf(number));
    const stream = reader.serverStream(AuditServiceService, 'tail', { filter: undefined, afterSequence: 1 });
    await new Promise<void>((resolve) => stream.onMessage(() => resolve()));
    await agenda.close();
    await service.audit.record({ events: [eventOf(1_000)] }, DEADLINE);
    const startedAt = performance.now();
    await service.stop();
    assert.ok(performance.now() - startedAt < 1_500);
  });
});
