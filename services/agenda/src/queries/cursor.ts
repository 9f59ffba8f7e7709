/** Cursors: where a list goes on. Clients can read and make them: they must tell nothing that the page does not show. */
import { ServiceError } from '@agenda/service-kit/errors';

export type CursorParts = readonly (string | number)[];

export interface Page<Item> {
  readonly items: readonly Item[];
  /** Empty: no more. */
  readonly nextCursor: string;
}

export function encodeCursor(parts: CursorParts): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * @param shape of the parts, by example.
 * @returns undefined for the empty cursor: from the start.
 * @throws ServiceError `invalid_argument`
 */
export function decodeCursor<T extends CursorParts>(cursor: string, shape: T): T | undefined {
  if (cursor === '') return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (
      Array.isArray(parts) &&
      parts.length === shape.length &&
      shape.every((part, at) => typeof part === typeof parts[at] && isSound(parts[at]))
    )
      return parts as unknown as T;
  } catch {
    // Not JSON: told below like every other wrong cursor.
  }
  const message = 'is not a cursor of this list; pass nextCursor of the page before';
  throw new ServiceError('invalid_argument', `cursor ${message}`, { fields: [{ path: 'cursor', message }] });
}

/** Ours have no other numbers. */
function isSound(part: unknown): boolean {
  return typeof part !== 'number' || (Number.isSafeInteger(part) && part >= 0);
}

/** @param rows one more than the limit, if there are more. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  limit: number,
  item: (row: Row) => Item,
  cursorOf: (row: Row) => CursorParts,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(cursorOf(last)) : '';
  return { items: shown.map(item), nextCursor };
}
