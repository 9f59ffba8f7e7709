/**
 * HMAC-SHA256 on every RPC (design §6): over method, node, timestamp, nonce (which names the receiver, see nonces.ts) and
 * body, carried in metadata and checked before the body is decoded. A stream is signed at its start; each of its messages
 * then carries a MAC under a key that is derived for that stream and direction, over its sequence number and its bytes.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { Metadata } from '@grpc/grpc-js';
import { ServiceError } from './errors.ts';
import { type AnyReceiver, NonceCache, newNonce, type Receiver, receiverIn } from './nonces.ts';

const NODE_KEY = 'agenda-node';
const TIMESTAMP_KEY = 'agenda-timestamp';
const NONCE_KEY = 'agenda-nonce';
const SIGNATURE_KEY = 'agenda-signature';
export const RESPONSE_SIGNATURE_KEY = 'agenda-response-signature';

const WINDOW_MS_DEFAULT = 30_000;
/** 5,000 signed calls a second on one server (carried calls need no nonce of their own); about 40 MB when full. */
const NONCES_MAX_DEFAULT = 300_000;
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

  /** @param receiver whom the call is for; nobody else takes it. */
  sign(
    method: string,
    receiver: Receiver | AnyReceiver,
    body: Uint8Array = EMPTY,
  ): { metadata: Metadata; call: SignedCall } {
    const timestamp = String(this.#clock());
    const nonce = newNonce(receiver);
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
  /** Nonces remembered; at the bound, further calls are refused as `overloaded` until old ones expire. */
  readonly noncesMax?: number;
  /** Paths of methods whose callers may not know yet whom they reach: a call of these need not name its receiver. */
  readonly anyReceiverMethods?: readonly string[];
  /** No call need name its receiver (docs/adr/0019). One that names another is refused all the same. */
  readonly receiverOptional?: boolean;
}

export class Verifier {
  readonly #receiver: Receiver;
  readonly #secrets: readonly string[];
  readonly #anyReceiverMethods: ReadonlySet<string>;
  readonly #receiverOptional: boolean;
  readonly #clock: () => number;
  readonly #windowMs: number;
  readonly #nonces: NonceCache;

  /** @param receiver the name of this one. */
  constructor(receiver: Receiver, secrets: readonly string[], options: VerifierOptions = {}) {
    this.#receiver = receiver;
    this.#secrets = secrets;
    this.#anyReceiverMethods = new Set(options.anyReceiverMethods);
    this.#receiverOptional = options.receiverOptional ?? false;
    this.#clock = options.clock ?? Date.now;
    this.#windowMs = options.windowMs ?? WINDOW_MS_DEFAULT;
    this.#nonces = new NonceCache(this.#windowMs, options.noncesMax ?? NONCES_MAX_DEFAULT);
  }

  /** @throws ServiceError `unauthenticated` with the reason, `overloaded` when no more nonces can be remembered. */
  verify(method: string, metadata: Metadata, body: Uint8Array = EMPTY): SignedCall {
    const [nodeId, timestamp, nonce, given] = [NODE_KEY, TIMESTAMP_KEY, NONCE_KEY, SIGNATURE_KEY].map((key) =>
      String(metadata.get(key)[0] ?? ''),
    ) as [string, string, string, string];
    if (!nodeId || !timestamp || !nonce || !given) throw refused('the call is not signed');
    const parts = [method, nodeId, timestamp, nonce] as const;
    const signature = Buffer.from(given, 'base64url');
    const secret = this.#secrets.find((candidate) =>
      equal(requestSignature(candidate, parts, body), signature),
    );
    if (secret === undefined) throw refused('the signature does not match');
    this.#assertForThis(method, nonce);
    const now = this.#clock();
    const ageMs = now - Number(timestamp);
    // Only now, so that a clock is known to be wrong only by the word of its own node.
    if (!(Math.abs(ageMs) <= this.#windowMs)) throw new SkewedClockError(nodeId, ageMs, this.#windowMs);
    if (!this.#nonces.remember(`${nodeId} ${nonce}`, Number(timestamp), now))
      throw refused('the nonce was used before');
    return { nodeId, secret, signature };
  }

  /** A recorded call cannot be played to anybody else, whose nonces are others. */
  #assertForThis(method: string, nonce: string): void {
    const named = receiverIn(nonce);
    if (named === this.#receiver) return;
    if (named !== undefined) throw refused(`the call is for ${named}, and this is ${this.#receiver}`);
    if (this.#receiverOptional || this.#anyReceiverMethods.has(method)) return;
    throw refused(`the call does not say whom it is for; this is ${this.#receiver}`);
  }
}

/** One of us signed it, by a clock too far from ours, or too long ago. */
export class SkewedClockError extends ServiceError {
  readonly nodeId: string;
  /** Negative: the node's clock is ahead. */
  readonly ageMs: number;

  constructor(nodeId: string, ageMs: number, windowMs: number) {
    super(
      'unauthenticated',
      `signature refused: the timestamp is ${ageMs} ms from this clock; ${windowMs} ms are allowed`,
    );
    this.nodeId = nodeId;
    this.ageMs = ageMs;
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

/** What a signed answer is: the encoded response message, or the encoded kit.v1.ErrorDetail. */
export type AnswerKind = 'response' | 'error';

/** Binds the answer of a unary call to its request. */
export function responseSignature(call: SignedCall, kind: AnswerKind, body: Uint8Array): Buffer {
  return createHmac('sha256', call.secret)
    .update(`agenda ${kind}`)
    .update(call.signature)
    .update(body)
    .digest();
}

export function isAnswerTo(
  call: SignedCall,
  kind: AnswerKind,
  metadata: Metadata,
  body: Uint8Array,
): boolean {
  const given = Buffer.from(String(metadata.get(RESPONSE_SIGNATURE_KEY)[0] ?? ''), 'base64url');
  return equal(responseSignature(call, kind, body), given);
}

export type Direction = 'to-server' | 'to-client';

const MAC_BYTES = 32;
/** Field 15, length-delimited; then the length. As the last field of a message it needs no re-encoding. */
const MAC_HEADER = [0x7a, MAC_BYTES] as const;
const TRAILER_BYTES = MAC_HEADER.length + MAC_BYTES;

const BLOCK_BYTES = 64;
const SEQUENCE_BYTES = 8;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * HMAC-SHA256 of sequence number and message (RFC 2104 §2), spelled out as its two hashes: for what streams carry, a
 * `createHmac` costs three times as much, nearly all of it before the first byte is hashed.
 */
class StreamMac {
  /** The padded key; the sequence number and the message follow it. */
  readonly #inner: Buffer;
  /** The padded key, and room for the inner hash. */
  readonly #outer: Buffer;
  #sequence = 0n;

  constructor(call: SignedCall, direction: Direction) {
    const key = createHmac('sha256', call.secret)
      .update(`agenda stream ${direction}`)
      .update(call.signature)
      .digest();
    this.#inner = padded(key, INNER_PAD, 0);
    this.#outer = padded(key, OUTER_PAD, MAC_BYTES);
  }

  next(body: Uint8Array): Buffer {
    const message = Buffer.allocUnsafe(BLOCK_BYTES + SEQUENCE_BYTES + body.length);
    message.set(this.#inner);
    message.writeBigUInt64BE(this.#sequence++, BLOCK_BYTES);
    message.set(body, BLOCK_BYTES + SEQUENCE_BYTES);
    this.#outer.set(hash('sha256', message, 'buffer'), BLOCK_BYTES);
    return hash('sha256', this.#outer, 'buffer');
  }
}

/** @param key shorter than a block. */
function padded(key: Uint8Array, pad: number, roomBytes: number): Buffer {
  const bytes = Buffer.alloc(BLOCK_BYTES + roomBytes, pad);
  for (const [at, byte] of key.entries()) bytes[at] = byte ^ pad;
  return bytes;
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
