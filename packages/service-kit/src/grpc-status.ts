/** How a server says an answer in gRPC's terms: status, message, and the trailers with our detail and signature. */
import { encodeMessage } from '@agenda/proto/encode';
import { ErrorDetail } from '@agenda/proto/kit/v1/carrier';
import { Metadata } from '@grpc/grpc-js';
import { ERROR_TABLE, ERROR_TRAILER, type ServiceError, toErrorDetail } from './errors.ts';
import { type AnswerKind, RESPONSE_SIGNATURE_KEY, responseSignature, type SignedCall } from './signature.ts';

/** An error that is larger is sent without its payload and fields: peers bound the headers they take. */
const ERROR_TRAILER_BYTES_MAX = 16 * 1024;
const ERROR_MESSAGE_CHARS_MAX = 1_024;
const NOTHING = new Uint8Array(0);

export function signAnswer(trailer: Metadata, call: SignedCall, kind: AnswerKind, bytes: Uint8Array): void {
  trailer.set(RESPONSE_SIGNATURE_KEY, responseSignature(call, kind, bytes).toString('base64url'));
}

export interface GrpcStatus extends Error {
  readonly code: number;
  readonly details: string;
  readonly metadata: Metadata;
}

/** @param call signs the error, if it answers a unary call whose signature held. */
export function grpcStatus(error: ServiceError, call?: SignedCall): GrpcStatus {
  const detail = toErrorDetail(error);
  let encoded = encodeMessage(ErrorDetail, detail);
  if (encoded.length > ERROR_TRAILER_BYTES_MAX) {
    const message = detail.message.slice(0, ERROR_MESSAGE_CHARS_MAX);
    encoded = encodeMessage(ErrorDetail, { ...detail, message, fields: [], payload: NOTHING });
  }
  const metadata = new Metadata();
  metadata.set(ERROR_TRAILER, Buffer.from(encoded));
  if (call) signAnswer(metadata, call, 'error', encoded);
  // grpc-js escapes it with encodeURI, which throws on half a surrogate pair.
  const details = detail.message.slice(0, ERROR_MESSAGE_CHARS_MAX).toWellFormed();
  return { name: 'ServiceError', message: details, code: ERROR_TABLE[error.code].grpc, details, metadata };
}
