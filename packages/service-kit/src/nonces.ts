/**
 * What makes a signed call good for once, and for one: `<16 random bytes, base64url>@<receiver>`. The receiver stands in
 * the nonce and not in a field of its own, so that nodes that know nothing of receivers take it as it is (docs/adr/0019).
 */
import { randomBytes } from 'node:crypto';
import { ServiceError } from './errors.ts';

const NONCE_BYTES = 16;
const NONCE_BUCKET_MS = 1_000;
/** Not in base64url, and not in a NODE_ID. */
const SEPARATOR = '@';

/** Who listens, besides the gateway, which is called by clients only. */
export type ReceivingService = 'agenda' | 'audit' | 'raft-sidecar';

/** One process that takes calls: `agenda-3/audit`. */
export type Receiver = `${string}/${ReceivingService}`;

/** For those who know an address and not yet who listens there. */
export const ANY_RECEIVER = '';
export type AnyReceiver = typeof ANY_RECEIVER;

export function receiverOf(nodeId: string, service: ReceivingService): Receiver {
  return `${nodeId}/${service}`;
}

export function newNonce(receiver: Receiver | AnyReceiver): string {
  const once = randomBytes(NONCE_BYTES).toString('base64url');
  return receiver === ANY_RECEIVER ? once : once + SEPARATOR + receiver;
}

/** Undefined: it names none. */
export function receiverIn(nonce: string): string | undefined {
  const at = nonce.indexOf(SEPARATOR);
  return at < 0 ? undefined : nonce.slice(at + 1);
}

/**
 * Remembers each nonce for as long as its timestamp would be accepted, by the second of that timestamp. It starts
 * empty with the process: a call that was recorded less than a window before a restart can be replayed after it.
 */
export class NonceCache {
  readonly #windowMs: number;
  readonly #max: number;
  readonly #buckets = new Map<number, Set<string>>();
  #size = 0;
  #sweptBucket = Number.NaN;

  constructor(windowMs: number, max: number) {
    this.#windowMs = windowMs;
    this.#max = max;
  }

  /**
   * False: seen before.
   * @throws ServiceError `overloaded` when no more can be remembered
   */
  remember(nonce: string, timestampMs: number, nowMs: number): boolean {
    this.#expire(nowMs);
    const key = Math.floor(timestampMs / NONCE_BUCKET_MS);
    const bucket = this.#buckets.get(key) ?? new Set();
    if (bucket.has(nonce)) return false;
    if (this.#size >= this.#max)
      throw new ServiceError('overloaded', 'too many signed calls to remember their nonces', {
        retryAfterMs: NONCE_BUCKET_MS,
      });
    this.#buckets.set(key, bucket.add(nonce));
    this.#size += 1;
    return true;
  }

  #expire(nowMs: number): void {
    const oldest = Math.floor((nowMs - this.#windowMs) / NONCE_BUCKET_MS);
    if (oldest === this.#sweptBucket) return;
    this.#sweptBucket = oldest;
    for (const [key, bucket] of this.#buckets) {
      if (key >= oldest) continue;
      this.#size -= bucket.size;
      this.#buckets.delete(key);
    }
  }
}
