/** UUID version 7 (RFC 9562 §5.7): ordered by time, so that inserts go to one end of an index. */
import { randomFillSync } from 'node:crypto';

const SEQUENCE_BITS = 12;
const SEQUENCE_MAX = (1 << SEQUENCE_BITS) - 1;
const POOL_BYTES = 4096;

const pool = Buffer.alloc(POOL_BYTES);
let poolAt = POOL_BYTES;
let lastMs = 0;
let sequence = 0;

/**
 * 16 bytes, greater than every one this process made before (RFC 9562 §6.2, method 1: the 12 bits of rand_a count
 * within a millisecond; when they run out or the clock goes back, the time runs ahead of the clock).
 */
export function uuidv7Bytes(nowMs: number = Date.now()): Uint8Array {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    sequence = 0;
  } else if (++sequence > SEQUENCE_MAX) {
    lastMs += 1;
    sequence = 0;
  }
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUIntBE(lastMs, 0, 6);
  bytes.writeUInt16BE(0x7000 | sequence, 6);
  copyRandom(bytes, 8);
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes;
}

export function uuidv7(nowMs?: number): string {
  return uuidFromBytes(uuidv7Bytes(nowMs));
}

function copyRandom(target: Buffer, offset: number): void {
  if (poolAt + 8 > POOL_BYTES) {
    randomFillSync(pool);
    poolAt = 0;
  }
  pool.copy(target, offset, poolAt, poolAt + 8);
  poolAt += 8;
}

/** @throws Error unless 16 bytes are given. */
export function uuidFromBytes(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new Error(`a UUID has 16 bytes, not ${bytes.length}`);
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID_TEXT = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isUuid(text: string): boolean {
  return UUID_TEXT.test(text);
}

/** @throws Error if it is no UUID in its text form. */
export function uuidToBytes(text: string): Uint8Array {
  if (!isUuid(text)) throw new Error('not a UUID');
  return Buffer.from(text.replaceAll('-', ''), 'hex');
}
