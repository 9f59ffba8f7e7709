/** The hash chain: whoever changes a record has to change every one after it. */
import { createHash } from 'node:crypto';
import type { AuditRecord } from '@agenda/proto/audit/v1/audit';
import { AuditEvent } from '@agenda/proto/audit/v1/audit';

/** previous_hash of the first record. */
export const FIRST_PREVIOUS_HASH: Uint8Array = new Uint8Array(32);

/** hash = SHA-256(previous_hash ‖ encoded event ‖ sequence as 8 bytes, big-endian). */
export function linkHash(previousHash: Uint8Array, encodedEvent: Uint8Array, sequence: number): Uint8Array {
  const sequenceBytes = Buffer.alloc(8);
  sequenceBytes.writeBigUInt64BE(BigInt(sequence));
  return createHash('sha256').update(previousHash).update(encodedEvent).update(sequenceBytes).digest();
}

/** Undefined: the link holds. */
export function brokenBecause(
  record: AuditRecord,
  expected: { sequence: number; previousHash: Uint8Array },
): string | undefined {
  if (record.sequence !== expected.sequence)
    return `record ${expected.sequence} is missing; ${record.sequence} follows instead`;
  if (Buffer.compare(record.previousHash, expected.previousHash) !== 0)
    return 'it does not name the hash of the record before it';
  const event = AuditEvent.encode(record.event ?? AuditEvent.fromPartial({})).finish();
  if (Buffer.compare(record.hash, linkHash(record.previousHash, event, record.sequence)) !== 0)
    return 'its hash does not match what it says';
  return undefined;
}
