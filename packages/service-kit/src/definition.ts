/** The shape of ts-proto's service definitions, and what our typed clients and handlers derive from it. */
import type { MethodDefinition as GrpcMethodDefinition } from '@grpc/grpc-js';
import type { CallContext } from './call-context.ts';
import { ServiceError } from './errors.ts';

export interface MethodDefinition<Q, S> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: Q) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => Q;
  readonly responseSerialize: (value: S) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => S;
}

// biome-ignore lint/suspicious/noExplicitAny: a definition holds methods of any types; the mapped types below recover them.
export type AnyMethod = MethodDefinition<any, any>;
/** ts-proto's `XxxService` constant: methods by their camel-case name. */
export type ServiceDefinition = Readonly<Record<string, AnyMethod>>;

export type RequestOf<M> = M extends { requestSerialize: (value: infer Q) => Buffer } ? Q : never;
export type ResponseOf<M> = M extends { responseSerialize: (value: infer S) => Buffer } ? S : never;

export type Unary = { readonly requestStream: false; readonly responseStream: false };
export type ServerStreaming = { readonly requestStream: false; readonly responseStream: true };
export type Bidirectional = { readonly requestStream: true; readonly responseStream: true };

export type UnaryKeys<D> = { [K in keyof D]: D[K] extends Unary ? K : never }[keyof D] & string;
export type ServerStreamKeys<D> = { [K in keyof D]: D[K] extends ServerStreaming ? K : never }[keyof D] &
  string;
export type BidiKeys<D> = { [K in keyof D]: D[K] extends Bidirectional ? K : never }[keyof D] & string;

/** The definition with bytes in place of messages: a signature is checked on bytes, before anything is decoded. */
export function rawDefinition(method: AnyMethod): GrpcMethodDefinition<Buffer, Buffer> {
  const same = (bytes: Buffer): Buffer => bytes;
  return {
    path: method.path,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
}

export type UnaryHandler<Q, S> = (request: Q, context: CallContext) => Promise<S> | S;

/** A unary method as both the gRPC server and the carrier call it. */
export interface BoundMethod {
  readonly method: AnyMethod;
  readonly handler: UnaryHandler<unknown, unknown>;
}

/** grpc-js's usual bound; what is larger is a stream's work. */
export const REQUEST_BYTES_MAX = 4 * 1024 * 1024;

const UINT32_MAX = 0xffff_ffff;

/** As the wire has it: whole milliseconds, at least 1; no deadline is the longest one. */
export function wireDeadlineMs(leftMs: number): number {
  return Math.min(Math.max(1, Math.ceil(leftMs)), UINT32_MAX);
}

/**
 * @throws ServiceError `payload_too_large`, or `internal` if the caller built what its own contract cannot express (a
 * bug of the caller)
 */
export function encodeRequest(method: AnyMethod, request: unknown, bytesMax: number): Buffer {
  let bytes: Buffer;
  try {
    bytes = method.requestSerialize(request);
  } catch (error) {
    throw new ServiceError('internal', `the request cannot be encoded for ${method.path}`, { cause: error });
  }
  if (bytes.length <= bytesMax) return bytes;
  const message = `a request to ${method.path} has ${bytes.length} bytes; at most ${bytesMax} are taken`;
  throw new ServiceError('payload_too_large', message);
}

/** @throws ServiceError `payload_too_large`: here it costs one caller its answer, on the wire the whole stream. */
export function encodeResponse(method: AnyMethod, response: unknown, bytesMax: number): Buffer {
  const bytes = method.responseSerialize(response);
  if (bytes.length <= bytesMax) return bytes;
  const message = `the answer of ${method.path} has ${bytes.length} bytes, more than ${bytesMax}: ask for less at a time`;
  throw new ServiceError('payload_too_large', message);
}

/** @throws ServiceError `invalid_argument` */
export function decodeRequest(method: AnyMethod, bytes: Uint8Array): unknown {
  try {
    return method.requestDeserialize(bytes as Buffer);
  } catch (error) {
    throw new ServiceError('invalid_argument', `the request is no message of ${method.path}`, {
      cause: error,
    });
  }
}
