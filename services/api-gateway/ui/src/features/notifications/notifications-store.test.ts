import assert from 'node:assert/strict';
import type { Notification } from '../../api/types.ts';
import { type NotificationsState, NotificationsStore, withAdded, withRead } from './notifications-store.ts';

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

/** A server that answers from these, or not at all. */
function serverOf(items: Notification[], calls: string[] = []) {
  return {
    notifications: async () => ({ items, nextCursor: null }),
    unread: async () => ({
      items: [],
      nextCursor: null,
      count: items.filter(({ readAt }) => readAt === null).length,
    }),
    markRead: async (id: string) => {
      calls.push(id);
      throw new Error('away');
    },
    markAllRead: async () => {
      calls.push('all');
    },
  };
}

describe('the notifications of a person', () => {
  it('are marked as read all at once, by one request', async () => {
    const calls: string[] = [];
    const store = new NotificationsStore(serverOf([notification('a'), notification('b')], calls));
    await store.reload();
    await store.markRead(null);
    assert.deepEqual(calls, ['all']);
    assert.equal(store.state.get().unread, 0);
  });

  it('are unread again when the server did not take it', async () => {
    const store = new NotificationsStore(serverOf([notification('a')]));
    await store.reload();
    const marking = store.markRead('a');
    assert.equal(store.state.get().unread, 0);
    await assert.rejects(marking, /away/);
    assert.equal(store.state.get().unread, 1);
  });

  it('stay on the page when older ones cannot be had', async () => {
    const server = serverOf([notification('a')]);
    const store = new NotificationsStore({
      ...server,
      notifications: async (cursor) => {
        if (cursor !== null) throw new Error('away');
        return { items: [notification('a')], nextCursor: 'older' };
      },
    });
    await store.reload();
    await store.loadMore();
    const { items, error, nextCursor } = store.state.get();
    assert.deepEqual([items.length, error, nextCursor], [1, 'away', 'older']);
  });
});
