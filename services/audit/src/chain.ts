/** The hash chain: whoever changes a record has to change every one after it. */
import { hash } from 'node:crypto';
import { AuditEvent } from '@agenda/proto/audit/v1/audit';
import { columnsOf, type RecordRow } from './record.ts';

/** previous_hash of the first record. */
export const FIRST_PREVIOUS_HASH: Uint8Array = new Uint8Array(32);

/** hash = SHA-256(previous_hash ‖ encoded event ‖ sequence as 8 bytes, big-endian). */
export function linkHash(previousHash: Uint8Array, encodedEvent: Uint8Array, sequence: number): Uint8Array {
  const link = Buffer.allocUnsafe(previousHash.length + encodedEvent.length + 8);
  link.set(previousHash);
  link.set(encodedEvent, previousHash.length);
  link.writeBigUInt64BE(BigInt(sequence), link.length - 8);
  return hash('sha256', link, 'buffer');
}

/** Undefined: the link holds. */
export function brokenBecause(
  row: RecordRow,
  expected: { sequence: number; previousHash: Uint8Array },
): string | undefined {
  if (row.sequence !== expected.sequence)
    return `record ${expected.sequence} is missing; ${row.sequence} follows instead`;
  if (!sameBytes(row.previous_hash, expected.previousHash))
    return 'it does not name the hash of the record before it';
  if (!sameBytes(row.hash, linkHash(row.previous_hash, row.event, row.sequence)))
    return 'its hash does not match what it says';
  const differing = Object.entries(columnsOf(AuditEvent.decode(row.event))).find(
    ([name, value]) => !sameValue(row[name as keyof RecordRow], value),
  );
  return differing && `its column ${differing[0]} does not say what the hashed event says`;
}

function sameValue(left: unknown, right: unknown): boolean {
  return left instanceof Uint8Array && right instanceof Uint8Array ? sameBytes(left, right) : left === right;
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}
