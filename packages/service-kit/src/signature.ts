/**
 * HMAC-SHA256 on every RPC (design §6): over method, node, timestamp, nonce and body, carried in metadata and checked
 * before the body is decoded. A stream is signed at its start; each of its messages then carries a MAC under a key
 * that is derived for that stream and direction, over its sequence number and its bytes.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Metadata } from '@grpc/grpc-js';
import { ServiceError } from './errors.ts';

const NODE_KEY = 'agenda-node';
const TIMESTAMP_KEY = 'agenda-timestamp';
const NONCE_KEY = 'agenda-nonce';
const SIGNATURE_KEY = 'agenda-signature';
export const RESPONSE_SIGNATURE_KEY = 'agenda-response-signature';

const NONCE_BYTES = 16;
const WINDOW_MS_DEFAULT = 30_000;
const NONCES_MAX_DEFAULT = 100_000;
const EMPTY = new Uint8Array(0);

/** What both sides of one signed call know; stream keys and response signatures derive from it. */
export interface SignedCall {
  readonly nodeId: string;
  /** The secret that this call is signed with (one of two during a rotation). */
  readonly secret: string;
  readonly signature: Buffer;
}

export class Signer {
  readonly nodeId: string;
  readonly #secret: string;
  readonly #clock: () => number;

  /** @param secrets the first one signs. */
  constructor(nodeId: string, secrets: readonly string[], clock: () => number = Date.now) {
    const [first] = secrets;
    if (first === undefined) throw new Error('a signer needs a secret');
    this.nodeId = nodeId;
    this.#secret = first;
    this.#clock = clock;
  }

  sign(method: string, body: Uint8Array = EMPTY): { metadata: Metadata; call: SignedCall } {
    const timestamp = String(this.#clock());
    const nonce = randomBytes(NONCE_BYTES).toString('base64url');
    const signature = requestSignature(this.#secret, [method, this.nodeId, timestamp, nonce], body);
    const metadata = new Metadata();
    metadata.set(NODE_KEY, this.nodeId);
    metadata.set(TIMESTAMP_KEY, timestamp);
    metadata.set(NONCE_KEY, nonce);
    metadata.set(SIGNATURE_KEY, signature.toString('base64url'));
    return { metadata, call: { nodeId: this.nodeId, secret: this.#secret, signature } };
  }
}

export interface VerifierOptions {
  readonly clock?: () => number;
  /** How far a timestamp may be from this clock, either way. */
  readonly windowMs?: number;
  /** Nonces remembered; when they are used up, further calls are refused until old ones expire. */
  readonly noncesMax?: number;
}

export class Verifier {
  readonly #secrets: readonly string[];
  readonly #clock: () => number;
  readonly #windowMs: number;
  readonly #nonces: NonceCache;

  constructor(secrets: readonly string[], options: VerifierOptions = {}) {
    this.#secrets = secrets;
    this.#clock = options.clock ?? Date.now;
    this.#windowMs = options.windowMs ?? WINDOW_MS_DEFAULT;
    this.#nonces = new NonceCache(2 * this.#windowMs, options.noncesMax ?? NONCES_MAX_DEFAULT);
  }

  /** @throws ServiceError `unauthenticated` with the reason, `overloaded` when no more nonces can be remembered. */
  verify(method: string, metadata: Metadata, body: Uint8Array = EMPTY): SignedCall {
    const [nodeId, timestamp, nonce, given] = [NODE_KEY, TIMESTAMP_KEY, NONCE_KEY, SIGNATURE_KEY].map((key) =>
      String(metadata.get(key)[0] ?? ''),
    ) as [string, string, string, string];
    if (!nodeId || !timestamp || !nonce || !given) throw refused('the call is not signed');
    const now = this.#clock();
    const ageMs = now - Number(timestamp);
    if (!(Math.abs(ageMs) <= this.#windowMs))
      throw refused(`the timestamp is ${ageMs} ms from this clock; ${this.#windowMs} ms are allowed`);
    const parts = [method, nodeId, timestamp, nonce] as const;
    const signature = Buffer.from(given, 'base64url');
    const secret = this.#secrets.find((candidate) =>
      equal(requestSignature(candidate, parts, body), signature),
    );
    if (secret === undefined) throw refused('the signature does not match');
    if (!this.#nonces.remember(`${nodeId} ${nonce}`, now)) throw refused('the nonce was used before');
    return { nodeId, secret, signature };
  }
}

function refused(reason: string): ServiceError {
  return new ServiceError('unauthenticated', `signature refused: ${reason}`);
}

function equal(left: Buffer, right: Buffer): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Every part is preceded by its length, so that no two lists of parts give the same bytes. */
function requestSignature(secret: string, parts: readonly string[], body: Uint8Array): Buffer {
  const hmac = createHmac('sha256', secret);
  const length = Buffer.alloc(4);
  for (const part of parts) {
    const bytes = Buffer.from(part);
    length.writeUInt32BE(bytes.length);
    hmac.update(length).update(bytes);
  }
  length.writeUInt32BE(body.length);
  return hmac.update(length).update(body).digest();
}

/** Binds the answer of a unary call to its request. */
export function responseSignature(call: SignedCall, body: Uint8Array): Buffer {
  return createHmac('sha256', call.secret)
    .update('agenda response')
    .update(call.signature)
    .update(body)
    .digest();
}

/** @throws ServiceError `unauthenticated` */
export function verifyResponse(call: SignedCall, metadata: Metadata, body: Uint8Array): void {
  const given = Buffer.from(String(metadata.get(RESPONSE_SIGNATURE_KEY)[0] ?? ''), 'base64url');
  if (!equal(responseSignature(call, body), given))
    throw refused('the signature of the answer does not match');
}

/** Two generations of seen nonces; one covers the whole time in which a timestamp is acceptable. */
class NonceCache {
  readonly #generationMs: number;
  readonly #max: number;
  #current = new Set<string>();
  #previous = new Set<string>();
  #since = Number.NEGATIVE_INFINITY;

  constructor(generationMs: number, max: number) {
    this.#generationMs = generationMs;
    this.#max = max;
  }

  /** False: seen before. */
  remember(nonce: string, nowMs: number): boolean {
    if (nowMs - this.#since >= this.#generationMs) {
      this.#previous = nowMs - this.#since < 2 * this.#generationMs ? this.#current : new Set();
      this.#current = new Set();
      this.#since = nowMs;
    }
    if (this.#current.has(nonce) || this.#previous.has(nonce)) return false;
    if (this.#current.size >= this.#max)
      throw new ServiceError('overloaded', 'too many signed calls to remember their nonces', {
        retryAfterMs: 1_000,
      });
    this.#current.add(nonce);
    return true;
  }
}

export type Direction = 'to-server' | 'to-client';

const MAC_BYTES = 32;
/** Field 15, length-delimited; then the length. As the last field of a message it needs no re-encoding. */
const MAC_HEADER = [0x7a, MAC_BYTES] as const;
const TRAILER_BYTES = MAC_HEADER.length + MAC_BYTES;

class StreamMac {
  readonly #key: Buffer;
  readonly #sequenceBytes = Buffer.alloc(8);
  #sequence = 0n;

  constructor(call: SignedCall, direction: Direction) {
    this.#key = createHmac('sha256', call.secret)
      .update(`agenda stream ${direction}`)
      .update(call.signature)
      .digest();
  }

  next(body: Uint8Array): Buffer {
    this.#sequenceBytes.writeBigUInt64BE(this.#sequence++);
    return createHmac('sha256', this.#key).update(this.#sequenceBytes).update(body).digest();
  }
}

/** Appends the MAC field to the encoded messages of one direction of one stream, in order. */
export class StreamSealer {
  readonly #mac: StreamMac;
  constructor(call: SignedCall, direction: Direction) {
    this.#mac = new StreamMac(call, direction);
  }

  seal(encoded: Uint8Array): Buffer {
    const sealed = Buffer.allocUnsafe(encoded.length + TRAILER_BYTES);
    sealed.set(encoded);
    sealed.set(MAC_HEADER, encoded.length);
    sealed.set(this.#mac.next(encoded), encoded.length + MAC_HEADER.length);
    return sealed;
  }
}

/** Checks and removes what {@link StreamSealer} appended; a lost, repeated or reordered message fails like a forged one. */
export class StreamOpener {
  readonly #mac: StreamMac;
  constructor(call: SignedCall, direction: Direction) {
    this.#mac = new StreamMac(call, direction);
  }

  /** @throws ServiceError `unauthenticated` */
  open(sealed: Buffer): Buffer {
    const end = sealed.length - TRAILER_BYTES;
    if (end < 0 || sealed[end] !== MAC_HEADER[0] || sealed[end + 1] !== MAC_HEADER[1])
      throw refused('the message has no MAC');
    const body = sealed.subarray(0, end);
    if (!equal(this.#mac.next(body), sealed.subarray(end + MAC_HEADER.length)))
      throw refused('the MAC of the message does not match');
    return body;
  }
}
