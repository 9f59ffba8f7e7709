/** What comes by itself: notifications, events as they happen and as they are caught up with, and the audit trail. */
import assert from 'node:assert/strict';
import type { AuditBatch, WatchEventsRequest } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentField } from '@agenda/proto/agenda/v1/command';
import type { Event, EventBatch } from '@agenda/proto/agenda/v1/event';
import { NotificationKind } from '@agenda/proto/agenda/v1/model';
import { fieldsOf, updateAppointment } from '../../state-machine/testing.ts';
import { assertKnown } from './leaks.ts';
import { Sink } from './sink.ts';
import { answerOf, NAMES, OWNER, SUBJECTS, type Subject, told } from './table.ts';
import { allPages, PAGE, type Walk } from './walk.ts';
import { userOf } from './world.ts';

const NO_MAC = new Uint8Array(0);

export function walkNews(walk: Walk): void {
  walkNotifications(walk);
  walkEvents(walk);
  walkAudit(walk);
}

function wasTold(viewer: string, subject: Subject): boolean {
  return told(viewer, subject) !== 'nothing';
}

function walkNotifications(walk: Walk): void {
  walk.everyViewer('by notifications, of what one was asked to only', async (viewer) => {
    const items = await allPages(async (cursor) => {
      const question = { unreadOnly: false, limit: PAGE, cursor };
      const { notifications, nextCursor } = await walk.office.answer(viewer, 'listNotifications', question);
      return { items: notifications, nextCursor };
    });
    assert.ok(items.every(({ userId }) => userId === userOf(viewer)));
    const { count } = await walk.office.answer(viewer, 'countUnread', {});
    assert.equal(count, items.filter(({ readAtMs }) => readAtMs === 0).length);
    const of = (kinds: (kind: NotificationKind) => boolean) =>
      new Set(items.filter(({ kind }) => kinds(kind)).map(({ appointmentId }) => appointmentId));
    const invited = of((kind) => kind === NotificationKind.NOTIFICATION_KIND_INVITED);
    // Those who are asked to a series are not asked again to an occurrence that is changed.
    const asked = (one: Subject): boolean =>
      viewer !== OWNER && wasTold(viewer, one) && (one.kind !== 'changed' || viewer === 'guest');
    walk.compare('invitations', viewer, ({ id }) => invited.has(id), asked);
    const all = of(() => true);
    walk.compare(
      'notifications',
      viewer,
      (one) => !all.has(one.id) || wasTold(viewer, one),
      () => true,
    );
  });

  it("nobody reads or marks another's notifications", async () => {
    const question = { unreadOnly: false, limit: 1, cursor: '' };
    const { notifications } = await walk.office.answer(OWNER, 'listNotifications', question);
    const [theirs] = notifications;
    const mark = (notificationId: string) =>
      walk.office.ask('stranger', 'markNotificationRead', { notificationId });
    const [reply, nothing] = [await mark(theirs?.id ?? ''), await mark('999999-0')];
    assert.deepEqual([reply.code, nothing.code], ['not_found', 'not_found']);
  });
}

function idsIn(events: readonly Event[]): Set<string> {
  return new Set(
    events.flatMap(({ body }) => {
      const value = body?.value as { appointment?: { id: string }; appointmentId?: string } | undefined;
      return value?.appointment?.id ?? value?.appointmentId ?? [];
    }),
  );
}

function walkEvents(walk: Walk): void {
  walk.everyViewer('by events, all from the first on, or the rest after a break', async (viewer) => {
    const { index } = walk.office;
    const read = async (fromIndex: number): Promise<Event[]> => {
      const sink = new Sink<EventBatch>();
      const userIds = [userOf(viewer)];
      const served = walk.office.serve('events', { fromIndex, liveOnly: false, userIds }, sink);
      await sink.reach(index);
      sink.close();
      await served;
      return sink.messages.flatMap((batch) => batch.events);
    };
    const events = await read(0);
    for (const { userIds, ...event } of events) {
      assert.ok(userIds.includes(userOf(viewer)));
      assertKnown(walk.world, viewer, {}, event);
    }
    const ids = idsIn(events);
    walk.compare(
      'events',
      viewer,
      ({ id }) => ids.has(id),
      (one) => wasTold(viewer, one),
    );
    const half = Math.floor(index / 2);
    assert.deepEqual(
      await read(half),
      events.filter(({ logIndex }) => logIndex > half),
    );
  });

  for (const names of [NAMES.slice(0, STREAMS), NAMES.slice(STREAMS)])
    it(`${names.join(', ')}: by events as they happen, of what one takes part in`, async () => {
      const from = walk.office.index;
      const sinks = names.map((name) => [name, new Sink<EventBatch, WatchEventsRequest>()] as const);
      const served = sinks.map(([name, sink]) => {
        const stream = walk.office.watch(sink);
        sink.send({ fromIndex: from, addedUserIds: [userOf(name)], removedUserIds: [], mac: NO_MAC });
        return stream;
      });
      await Promise.all(sinks.map(([, sink]) => sink.reach(from)));
      for (const subject of SUBJECTS) if (subject.kind !== 'trashed') await touch(walk, subject);
      for (const [name, sink] of sinks) {
        await sink.reach(walk.office.index);
        sink.close();
        assertEvents(walk, name, sink.messages);
      }
      await Promise.all(served);
    });
}

/** Fewer than the agenda serves at once. */
const STREAMS = 12;

function assertEvents(walk: Walk, name: string, batches: readonly EventBatch[]): void {
  const events = batches.flatMap((batch) => batch.events);
  for (const { userIds, ...event } of events) {
    assert.ok(userIds.includes(userOf(name)));
    assertKnown(walk.world, name, {}, event);
  }
  const ids = idsIn(events);
  walk.compare(
    'live events',
    name,
    ({ id }) => ids.has(id),
    (one) => one.kind !== 'trashed' && answerOf(name, one) !== undefined,
  );
}

/** A change that says the same as before. */
function touch(walk: Walk, { id }: Subject): Promise<unknown> {
  const changed = [AppointmentField.APPOINTMENT_FIELD_REMINDERS];
  const fields = { ...fieldsOf(1, 2), reminderMinutes: [24 * 60] };
  const { value } = updateAppointment(id, { changed, fields }) as { value: object };
  return walk.office.answer(OWNER, 'updateAppointment', value as never);
}

/** Of what is done: who, what, when and how it ended; nothing of what an appointment says, whoever may see it. */
const DETAILS = new Set([
  ...['status', 'occurrences', 'reminders', 'appointments', 'events', 'command'],
  ...['userId', 'username', 'role', 'rank', 'newCreatorId', 'scope'],
]);

function walkAudit(walk: Walk): void {
  it('the audit trail names appointments by id, and says nothing of what is in them', async () => {
    const sink = new Sink<AuditBatch>();
    const served = walk.office.serve('auditFeed', { fromIndex: 0, compared: false }, sink);
    await sink.reach(walk.office.index);
    sink.close();
    await served;
    const records = sink.messages.flatMap(({ entries }) => entries.flatMap((entry) => entry.events));
    assert.equal(records.length, walk.office.index);
    const text = JSON.stringify(records);
    for (const subject of SUBJECTS) {
      const { before, after } = walk.world.wordsOf(subject);
      for (const word of [...before, ...after]) assert.ok(!text.includes(word), word);
      assert.ok(text.includes(`appointment:${subject.id}`) || subject.kind === 'changed');
    }
    walk.cells.set('audit', SUBJECTS.length);
    const details = records.flatMap(({ detailJson }) => Object.keys(JSON.parse(detailJson || '{}')));
    assert.deepEqual(
      details.filter((name) => !DETAILS.has(name)),
      [],
    );
  });
}
