/** ETag, If-Match, If-None-Match: the ETag is the version. */
import { ServiceError } from '@agenda/service-kit/errors';
import type { RequestContext } from './context.ts';

const ETAG = /^(?:W\/)?"(\d{1,15})"$/;

export function setETag(context: RequestContext, version: number): void {
  context.set('ETag', `"${version}"`);
}

/** Undefined: any version will do. @throws ServiceError `invalid_argument` */
export function expectedVersion(context: RequestContext): number | undefined {
  const header = context.get('if-match').trim();
  if (header === '' || header === '*') return undefined;
  const version = ETAG.exec(header)?.[1];
  if (version !== undefined) return Number(version);
  const message = 'must be the ETag of the version that you saw, like "3"';
  throw new ServiceError('invalid_argument', `If-Match ${message}`, {
    fields: [{ path: 'If-Match', message }],
  });
}

/** True if the client has this version already. */
export function isKnown(context: RequestContext, version: number): boolean {
  const header = context.get('if-none-match').trim();
  if (header === '') return false;
  return header === '*' || header.split(',').some((tag) => ETAG.exec(tag.trim())?.[1] === String(version));
}
