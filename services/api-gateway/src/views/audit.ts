import type { AuditRecord } from '@agenda/proto/audit/v1/audit';
import type { AuditRecordAnswer } from '../schemas/audit.ts';
import { instant, levelName, orNull } from './values.ts';

export function auditView({ sequence, event, hash, previousHash, logIndex }: AuditRecord): AuditRecordAnswer {
  if (!event) throw new Error(`audit record ${sequence} has no event`);
  return {
    sequence: sequence === 0 ? null : sequence,
    logIndex: logIndex === 0 ? null : logIndex,
    at: instant(event.atMs),
    level: levelName(event.level) ?? 'info',
    component: event.component,
    node: event.nodeId,
    actorId: orNull(event.actorId),
    actorName: orNull(event.actorName),
    action: event.action,
    target: orNull(event.target),
    requestId: orNull(event.requestId),
    address: orNull(event.address),
    detail: event.detailJson === '' ? null : parsedDetail(event.detailJson),
    outcome: event.outcome,
    previousHash: Buffer.from(previousHash).toString('hex'),
    hash: Buffer.from(hash).toString('hex'),
  };
}

/** What is no JSON is shown as the text that it is. */
function parsedDetail(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
