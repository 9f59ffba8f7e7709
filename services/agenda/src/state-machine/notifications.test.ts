import assert from 'node:assert/strict';
import { Queries } from '../queries/queries.ts';
import { changePassword, eventsOf, markNotificationRead, outcomeOf, TestLog } from './testing.ts';

const ANA = 'u-ana';

describe('notifications', () => {
  let log: TestLog;
  let queries: Queries;

  /** @returns the id of a new notification of Ana's. */
  const notify = (): string => {
    const passwordVersion = queries.userForLogin('ana')?.passwordVersion ?? 0;
    const applied = log.apply(changePassword(ANA, '', passwordVersion), { actor: ANA });
    return eventsOf(applied, 'notificationAdded')[0]?.id ?? '';
  };

  beforeEach(() => {
    log = new TestLog();
    queries = new Queries(log.db);
    log.register('ana');
    log.register('ben');
  });

  it('go to the person they are for, with an id that comes from the log', () => {
    const id = notify();
    assert.equal(id, '3-0');
    assert.equal(queries.notifications(ANA, false, 10, '').items[0]?.id, id);
    assert.deepEqual(queries.notifications('u-ben', false, 10, '').items, []);
  });

  it('are read once: a second time keeps the first moment and tells nobody', () => {
    const id = notify();
    const first = log.apply(markNotificationRead(id), { actor: ANA });
    const readAtMs = log.nowMs;
    log.passTime(1_000);
    const second = log.apply(markNotificationRead(id), { actor: ANA });
    assert.deepEqual(eventsOf(first, 'notificationsRead'), [{ notificationId: id }]);
    assert.deepEqual([outcomeOf(second), second.events.length], ['done', 0]);
    assert.equal(queries.notifications(ANA, false, 10, '').items[0]?.readAtMs, readAtMs);
  });

  it('are read all at once when none is named, and of the actor only', () => {
    notify();
    notify();
    assert.deepEqual(log.apply(markNotificationRead(), { actor: 'u-ben' }).events, []);
    assert.equal(queries.unreadCount(ANA), 2);
    const applied = log.apply(markNotificationRead(), { actor: ANA });
    assert.deepEqual(eventsOf(applied, 'notificationsRead'), [{ notificationId: '' }]);
    assert.equal(queries.unreadCount(ANA), 0);
  });

  it('cannot be read by another person, and must exist', () => {
    const id = notify();
    assert.equal(outcomeOf(log.apply(markNotificationRead(id), { actor: 'u-ben' })), 'not_found');
    for (const wrong of ['3-1', '4-0', '3', '-', "3-0' OR 1", '9'.repeat(40)])
      assert.equal(outcomeOf(log.apply(markNotificationRead(wrong), { actor: ANA })), 'not_found', wrong);
  });

  it('are listed newest first, page by page, all of them or the unread ones', () => {
    const ids = Array.from({ length: 5 }, notify);
    log.apply(markNotificationRead(ids[3]), { actor: ANA });
    const list = (unreadOnly: boolean): string[] => {
      const seen: string[] = [];
      let cursor = '';
      do {
        const page = queries.notifications(ANA, unreadOnly, 2, cursor);
        seen.push(...page.items.map((item) => item.id));
        cursor = page.nextCursor;
      } while (cursor !== '');
      return seen;
    };
    assert.deepEqual(list(false), ids.toReversed());
    assert.deepEqual(list(true), ids.toSpliced(3, 1).toReversed());
    assert.equal(queries.unreadCount(ANA), 4);
  });
});
