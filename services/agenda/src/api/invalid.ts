import { type FieldError, ServiceError } from '@agenda/service-kit/errors';

/** @throws ServiceError `invalid_argument` that lists every field at fault. */
export function assertValid(...groups: readonly (readonly FieldError[])[]): void {
  const fields = groups.flat();
  if (fields.length === 0) return;
  const summary = fields.map(({ path, message }) => `${path} ${message}`).join('; ');
  throw new ServiceError('invalid_argument', summary, { fields });
}
