import assert from 'node:assert/strict';
import { AgendaServiceService, type AuditBatch, type Caller } from '@agenda/proto/agenda/v1/agenda';
import { AppointmentFields } from '@agenda/proto/agenda/v1/command';
import type { EventBatch } from '@agenda/proto/agenda/v1/event';
import { AuditEvent, Level } from '@agenda/proto/audit/v1/audit';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer } from '@agenda/service-kit/signature';
import { AgendaUnderTest, DEADLINE, write } from '../testing/agenda-under-test.ts';
import { TEST_SECRETS, testLogger } from '../testing/scripted-sidecar.ts';

const NINE = Date.parse('2027-03-01T09:00:00Z');
const HOUR = 3_600_000;

/** What one stream has brought so far. */
class Reader<Batch extends { readonly upToIndex: number }> {
  readonly batches: Batch[] = [];
  readonly #stream: { onMessage(callback: (batch: Batch) => void): void; cancel(): void };
  #watcher: (() => void) | undefined;

  constructor(stream: { onMessage(callback: (batch: Batch) => void): void; cancel(): void }) {
    this.#stream = stream;
    stream.onMessage((batch) => {
      this.batches.push(batch);
      this.#watcher?.();
    });
  }

  reach(index: number): Promise<void> {
    return this.until(() => (this.batches.at(-1)?.upToIndex ?? -1) >= index);
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#watcher = () => {
        if (condition()) resolve();
      };
      this.#watcher();
    });
  }

  close(): void {
    this.#stream.cancel();
  }
}

describe('feeds', () => {
  const agenda = new AgendaUnderTest();
  let ana: Caller;
  let booked = 0;

  before(async () => {
    await agenda.start();
    ana = await agenda.person('ana');
  });

  after(() => agenda.stop());

  const book = async (): Promise<number> => {
    booked += 1;
    const startMs = NINE + booked * HOUR;
    const fields = AppointmentFields.fromPartial({ title: 'x', startMs, endMs: startMs + HOUR });
    const request = { context: write(ana), fields, groupId: '', participants: [], allowConflict: false };
    return (await agenda.client.createAppointment(request, DEADLINE)).index;
  };

  const events = (request: {
    fromIndex: number;
    liveOnly: boolean;
    userIds?: string[];
  }): Reader<EventBatch> =>
    new Reader(agenda.channel.serverStream(AgendaServiceService, 'events', { userIds: [], ...request }));

  const audit = (fromIndex: number): Reader<AuditBatch> =>
    new Reader(
      agenda.channel.serverStream(AgendaServiceService, 'auditFeed', { fromIndex, compared: false }),
    );

  it('sends what changed after an index, then what changes', async () => {
    const first = await book();
    const second = await book();
    const reader = events({ fromIndex: first, liveOnly: false });
    await reader.reach(second);
    const third = await book();
    await reader.reach(third);
    const got = reader.batches.flatMap((batch) => batch.events);
    assert.deepEqual(
      got.map(({ logIndex, ordinal, body, userIds }) => [logIndex, ordinal, body?.$case, userIds]),
      [second, third].map((index) => [index, 0, 'appointmentChanged', [ana.userId]]),
    );
    reader.close();
  });

  it('starts at what is applied now when only news is wanted', async () => {
    const before = await book();
    const reader = events({ fromIndex: 0, liveOnly: true });
    await reader.reach(before);
    assert.deepEqual(reader.batches[0]?.events, []);
    const after = await book();
    await reader.reach(after);
    assert.deepEqual(
      reader.batches.flatMap((batch) => batch.events).map((event) => event.logIndex),
      [after],
    );
    reader.close();
  });

  it('sends only what one of the asked users may see, and how far the log is', async () => {
    const eve = await agenda.person('eve');
    const first = await book();
    const reader = events({ fromIndex: first - 1, liveOnly: false, userIds: [eve.userId] });
    const second = await book();
    await reader.reach(second);
    assert.deepEqual(
      reader.batches.flatMap((batch) => batch.events),
      [],
    );
    reader.close();
  });

  it('sends a watched user everything after the message that says so, and nothing once the user is not watched', async () => {
    const stream = agenda.channel.bidiStream(AgendaServiceService, 'watchEvents');
    const reader = new Reader(stream);
    const request = (asked: {
      fromIndex?: number;
      addedUserIds?: string[];
      removedUserIds?: string[];
    }): void =>
      void stream.write({
        fromIndex: 0,
        addedUserIds: [],
        removedUserIds: [],
        ...asked,
        mac: new Uint8Array(0),
      });
    const seen = (requests: number): Promise<void> =>
      reader.until(() => reader.batches.at(-1)?.requestsSeen === requests);
    const before = await book();
    request({ fromIndex: before - 1 });
    await reader.reach(before);
    request({ addedUserIds: [ana.userId] });
    await seen(2);
    const watched = await book();
    await reader.reach(watched);
    request({ removedUserIds: [ana.userId] });
    await seen(3);
    const after = await book();
    await reader.reach(after);
    assert.deepEqual(
      reader.batches.flatMap((batch) => batch.events).map((event) => event.logIndex),
      [watched],
    );
    reader.close();
  });

  it('hands the audit service one record for each command, and what nodes reported', async () => {
    const reader = audit(0);
    const event = AuditEvent.fromPartial({
      id: uuidv7Bytes(),
      action: 'leader.elected',
      component: 'raft-sidecar',
      level: Level.LEVEL_INFO,
      nodeId: 'agenda-2',
    });
    const { index } = await agenda.client.recordNodeEvents({ context: write(), events: [event] }, DEADLINE);
    await reader.reach(index);
    const entries = reader.batches.flatMap((batch) => batch.entries);
    const actions = entries.flatMap((entry) => entry.events.map(({ action }) => action));
    assert.deepEqual(actions.slice(0, 3), ['user.registered', 'session.started', 'appointment.created']);
    assert.deepEqual(entries.at(-1)?.events[0], event);
    assert.equal(entries.at(-1)?.logIndex, index);
    reader.close();
  });

  it('keeps the audit feed for the audit service of the same node', async () => {
    const stranger = new GrpcChannel({
      address: { host: '127.0.0.1', port: agenda.port },
      receiver: receiverOf('agenda-1', 'agenda'),
      signer: new Signer('agenda-2', TEST_SECRETS),
      logger: testLogger(),
    });
    const stream = stranger.serverStream(AgendaServiceService, 'auditFeed', {
      fromIndex: 1_000_000,
      compared: false,
    });
    stream.onMessage(() => assert.fail('nothing was to be sent'));
    const error = await new Promise<{ code: string } | undefined>((resolve) => {
      stream.onEnd(resolve);
    });
    assert.equal(error?.code, 'forbidden');
    stranger.close();
  });

  it('refuses node events in the name of a user, and events that are none', async () => {
    const events = [AuditEvent.fromPartial({ id: new Uint8Array(2) })];
    await assert.rejects(agenda.client.recordNodeEvents({ context: write(ana), events }, DEADLINE), {
      code: 'forbidden',
    });
    await assert.rejects(agenda.client.recordNodeEvents({ context: write(), events }, DEADLINE), {
      code: 'invalid_argument',
      message: /events\.0\.id must be 16 bytes; events\.0\.action is missing/,
    });
    await assert.rejects(agenda.client.recordNodeEvents({ context: write(), events: [] }, DEADLINE), {
      code: 'invalid_argument',
    });
  });

  it('says in its status how far it is and who leads', async () => {
    const index = await book();
    const status = await agenda.client.getStatus({}, DEADLINE);
    assert.equal(status.lastApplied, index);
    assert.equal(status.attached, true);
    assert.equal(status.leaderId, 'agenda-1#1');
    assert.equal(status.acceptsWrites, true);
    assert.equal(status.digest.length, 32);
  });

  it('keeps notifications, counts the unread ones and marks them read', async () => {
    const read = { context: { caller: ana, consistency: 0, minIndex: 0 } } as const;
    const startMs = NINE + HOUR;
    const fields = AppointmentFields.fromPartial({ title: 'twice', startMs, endMs: startMs + HOUR });
    await agenda.client.createAppointment(
      { context: write(ana), fields, groupId: '', participants: [], allowConflict: true },
      DEADLINE,
    );
    assert.equal((await agenda.client.countUnread(read, DEADLINE)).count, 1);
    const list = await agenda.client.listNotifications(
      { ...read, unreadOnly: true, limit: 0, cursor: '' },
      DEADLINE,
    );
    const notificationId = list.notifications[0]?.id ?? '';
    await agenda.client.markNotificationRead({ context: write(ana), notificationId }, DEADLINE);
    assert.equal((await agenda.client.countUnread(read, DEADLINE)).count, 0);
  });
});
