import assert from 'node:assert/strict';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { createMetrics } from '@agenda/service-kit/metrics';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer } from '@agenda/service-kit/signature';
import { CLUSTER_SECRET, testLogger } from '../testing/scripted-agenda.ts';
import { ScriptedAudit } from '../testing/scripted-neighbours.ts';
import { AuditReporter, PER_SECOND_MAX } from './audit-reporter.ts';

const FORGED = 500;
/** The reports may fall into two seconds. */
const SECONDS_MAX = 2;

describe('reports for the audit trail', () => {
  it('of a flood are few, are counted, and leave room for the others', async () => {
    const audit = await new ScriptedAudit().start();
    const channel = new GrpcChannel({
      address: { host: '127.0.0.1', port: audit.port },
      receiver: receiverOf('agenda-1', 'audit'),
      signer: new Signer('agenda-1', [CLUSTER_SECRET]),
      logger: testLogger(),
    });
    const dropped = createMetrics('test', 'agenda-1').counter('dropped', 'x');
    const reporter = new AuditReporter(channel, 'agenda-1', testLogger(), dropped);
    for (let sent = 0; sent < FORGED; sent += 1) reporter.reportForgedToken('192.0.2.7', 'r', 'made up');
    reporter.report({ action: 'audit.read', outcome: 'ok' });
    await audit.recorded('audit.read');
    const recorded = audit.events.filter(({ action }) => action === 'token.refused').length;
    assert.ok(recorded >= PER_SECOND_MAX && recorded <= SECONDS_MAX * PER_SECOND_MAX, `${recorded} recorded`);
    assert.equal((await dropped.get()).values[0]?.value, FORGED - recorded);
    await reporter.close();
    channel.close();
    await audit.stop();
  });
});
