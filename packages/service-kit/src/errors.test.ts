import assert from 'node:assert/strict';
import { ErrorDetail } from '@agenda/proto/kit/v1/carrier';
import { Metadata, status } from '@grpc/grpc-js';
import {
  ERROR_TABLE,
  ERROR_TRAILER,
  type ErrorCode,
  fromErrorDetail,
  ServiceError,
  toErrorDetail,
  toServiceError,
} from './errors.ts';

const codes = Object.keys(ERROR_TABLE) as ErrorCode[];

describe('an error between services', () => {
  it('has a gRPC status, an HTTP status and a title for every code', () => {
    for (const code of codes) {
      const { grpc, http, title } = ERROR_TABLE[code];
      assert.ok(grpc in status, code);
      assert.ok(http >= 400 && http < 600, code);
      assert.ok(title.length > 0, code);
    }
  });

  it('goes over the wire and back with its code, message, fields, retry time and payload', () => {
    for (const code of codes) {
      const error = new ServiceError(code, 'what is wrong', {
        fields: [{ path: 'a.0.b', message: 'is wrong' }],
        retryAfterMs: 250,
        payload: new Uint8Array([1, 2]),
      });
      const back = fromErrorDetail(ErrorDetail.decode(ErrorDetail.encode(toErrorDetail(error)).finish()));
      assert.equal(back.code, code);
      assert.equal(back.message, 'what is wrong');
      assert.deepEqual(back.fields, [{ path: 'a.0.b', message: 'is wrong' }]);
      assert.equal(back.retryAfterMs, 250);
      assert.deepEqual([...(back.payload ?? [])], [1, 2]);
    }
  });

  it('without options comes back without them', () => {
    const back = fromErrorDetail(toErrorDetail(new ServiceError('not_found', 'gone')));
    assert.deepEqual([back.fields, back.retryAfterMs, back.payload], [[], undefined, undefined]);
  });

  it('has a retry time that the wire can express, whatever was measured', () => {
    const cases = [
      [0.2, 1],
      [12.5, 13],
      [Number.POSITIVE_INFINITY, 0xffff_ffff],
      [-1, undefined],
      [Number.NaN, undefined],
    ] as const;
    for (const [given, kept] of cases) {
      const error = new ServiceError('overloaded', 'later', { retryAfterMs: given });
      assert.equal(error.retryAfterMs, kept);
      ErrorDetail.encode(toErrorDetail(error)).finish();
    }
  });

  it('of an unknown code, even a name that every object has, is internal', () => {
    for (const code of ['from_the_future', '', 'constructor', 'toString', '__proto__'])
      assert.equal(fromErrorDetail(ErrorDetail.fromPartial({ code })).code, 'internal');
  });

  it('says nothing of what was not meant for the caller', () => {
    const detail = toErrorDetail(new TypeError('secret inside'));
    assert.equal(detail.code, 'internal');
    assert.ok(!detail.message.includes('secret inside'));
  });

  it('knows when its outcome is unknown', () => {
    assert.equal(new ServiceError('timeout', '').outcomeUnknown, true);
    assert.equal(new ServiceError('unavailable', '').outcomeUnknown, true);
    assert.equal(new ServiceError('unavailable', '', { nothingDone: true }).outcomeUnknown, false);
    assert.equal(new ServiceError('overloaded', '').outcomeUnknown, false);
  });

  it('tells the other end that nothing was done, and does not make it up', () => {
    for (const nothingDone of [true, false]) {
      const error = new ServiceError('unavailable', 'stopping', { nothingDone });
      assert.equal(fromErrorDetail(toErrorDetail(error)).nothingDone, nothingDone);
    }
    const older = ErrorDetail.fromPartial({
      code: 'unavailable',
      message: 'of a version that does not say it',
    });
    assert.equal(fromErrorDetail(older).outcomeUnknown, true);
  });

  it('is read from the trailer of a gRPC failure, and from the status where there is none', () => {
    const metadata = new Metadata();
    const detail = toErrorDetail(new ServiceError('version_mismatch', 'changed'));
    metadata.set(ERROR_TRAILER, Buffer.from(ErrorDetail.encode(detail).finish()));
    assert.equal(toServiceError(failure(status.ABORTED, metadata)).code, 'version_mismatch');
    const byStatus = [
      [status.UNAVAILABLE, 'unavailable'],
      [status.CANCELLED, 'unavailable'],
      [status.DEADLINE_EXCEEDED, 'timeout'],
      [status.UNAUTHENTICATED, 'unauthenticated'],
      [status.DATA_LOSS, 'internal'],
    ] as const;
    for (const [grpc, code] of byStatus) assert.equal(toServiceError(failure(grpc)).code, code);
  });

  it('survives a trailer that nobody can read', () => {
    const metadata = new Metadata();
    metadata.set(ERROR_TRAILER, Buffer.from([0xff, 0xff, 0xff]));
    assert.equal(toServiceError(failure(status.UNAVAILABLE, metadata)).code, 'unavailable');
  });

  it('stays the same object if it is one of ours, and keeps the cause if not', () => {
    const ours = new ServiceError('conflict', 'taken');
    assert.equal(toServiceError(ours), ours);
    const cause = new Error('disk');
    assert.equal(toServiceError(cause).cause, cause);
    assert.equal(toServiceError('a string').code, 'internal');
  });

  function failure(code: status, metadata = new Metadata()): Error {
    return Object.assign(new Error('failed'), { code, details: 'details', metadata });
  }
});
