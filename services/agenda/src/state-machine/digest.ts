/** The rolling digest that replicas compare: the same log gives the same digest, or somebody has diverged. */
import { hash } from 'node:crypto';

export const DIGEST_BYTES = 32;

/** SHA-256 of what was before, the command's id and its result. */
export function nextDigest(before: Uint8Array, commandId: Uint8Array, result: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(before.length + commandId.length + result.length);
  bytes.set(before);
  bytes.set(commandId, before.length);
  bytes.set(result, before.length + commandId.length);
  return hash('sha256', bytes, 'buffer');
}
