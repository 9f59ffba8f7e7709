import assert from 'node:assert/strict';
import { type AuditEvent, AuditServiceService, Level } from '@agenda/proto/audit/v1/audit';
import { ServiceError } from '@agenda/service-kit/errors';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import { receiverOf } from '@agenda/service-kit/nonces';
import { testLogger, testSigner, testVerifier } from '../testing/scripted-sidecar.ts';
import { EVENTS_PER_SECOND_MAX, NodeEventRecorder } from './node-event-recorder.ts';

describe('NodeEventRecorder', () => {
  let server: GrpcServer;
  let channel: GrpcChannel;
  let recorder: NodeEventRecorder;
  let received: AuditEvent[];
  let refuse: boolean;

  beforeEach(async () => {
    received = [];
    refuse = false;
    server = new GrpcServer({ verifier: testVerifier('audit'), logger: testLogger() });
    server.addService(AuditServiceService, {
      record: ({ events }) => {
        if (refuse) throw new ServiceError('unavailable', 'the disk is full');
        received.push(...events);
        return {};
      },
    });
    const port = await server.listen({ host: '127.0.0.1', port: 0 });
    const address = { host: '127.0.0.1', port };
    channel = new GrpcChannel({
      address,
      receiver: receiverOf('agenda-1', 'audit'),
      signer: testSigner(),
      logger: testLogger(),
    });
    const audit = channel.carried(AuditServiceService);
    recorder = new NodeEventRecorder({ audit, nodeId: 'agenda-1', logger: testLogger() });
  });

  afterEach(async () => {
    channel.close();
    await server.close(100);
  });

  const record = (actorName: string): void =>
    recorder.record({
      action: 'login.failed',
      level: Level.LEVEL_WARNING,
      outcome: 'unauthenticated',
      actorName,
    });

  it('hands over what is buffered when it closes', async () => {
    record('ana');
    record('bob');
    await recorder.close();
    assert.deepEqual(
      received.map(({ actorName, component, nodeId, id }) => [actorName, component, nodeId, id.length]),
      [
        ['ana', 'agenda', 'agenda-1', 16],
        ['bob', 'agenda', 'agenda-1', 16],
      ],
    );
    record('late');
    await recorder.close();
    assert.equal(received.length, 2);
  });

  it('drops what is over its rate and records how many', async () => {
    for (let at = 0; at < EVENTS_PER_SECOND_MAX + 15; at += 1) record(`guess-${at}`);
    await recorder.close();
    assert.equal(received.length, EVENTS_PER_SECOND_MAX + 1);
    const last = received.at(-1);
    assert.equal(last?.action, 'audit.events_dropped');
    assert.equal(last?.detailJson, '{"count":15}');
  });

  it('keeps what the audit service could not take', async () => {
    refuse = true;
    record('ana');
    await recorder.close();
    assert.equal(received.length, 0);
    refuse = false;
    await recorder.close();
    assert.equal(received[0]?.actorName, 'ana');
  });
});
