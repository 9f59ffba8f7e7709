import assert from 'node:assert/strict';
import type { Notification } from '../../api/types.ts';
import { type NotificationsState, withAdded, withRead } from './notifications-store.ts';

const AT = '2026-07-01T08:00:00.000Z';

function notification(id: string, readAt: string | null = null): Notification {
  return {
    id,
    kind: 'changed',
    text: id,
    appointmentId: null,
    groupId: null,
    actorId: null,
    createdAt: AT,
    readAt,
  };
}

function state(unread: number, ...items: Notification[]): NotificationsState {
  return { items, unread, nextCursor: null, loading: false, error: null };
}

describe('notifications', () => {
  it('count a new one once, however often it is delivered', () => {
    const once = withAdded(state(0), notification('a'));
    assert.equal(once.unread, 1);
    assert.equal(withAdded(once, notification('a')), once);
  });

  it('count one as read only the first time', () => {
    const read = withRead(state(2, notification('a'), notification('b')), 'a', AT);
    assert.equal(read.unread, 1);
    assert.equal(withRead(read, 'a', AT).unread, 1);
  });

  it('have none unread after all were read, those not on the page included', () => {
    const read = withRead(state(40, notification('a')), null, AT);
    assert.equal(read.unread, 0);
    assert.equal(read.items[0]?.readAt, AT);
  });
});
