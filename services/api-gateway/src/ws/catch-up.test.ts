import assert from 'node:assert/strict';
import type { EventBody } from '../testing/agenda-state.ts';
import { GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { WsClient } from '../testing/ws-client.ts';

/** More than one message of the agenda's event stream holds. */
const EVENTS_OF_ONE_ENTRY = 300;
const RESUMING = 20;
/** What the agenda offers to everybody together. */
const AGENDA_STREAMS_MAX = 16;

describe('catching up on events', () => {
  const gateway = new GatewayProcess();
  const clients: WsClient[] = [];
  let person: Person;
  let people = 0;

  before(() => gateway.start());
  after(() => gateway.stop());
  beforeEach(async () => {
    person = await gateway.person(`late-${++people}`);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  async function live(sinceIndex?: number): Promise<WsClient> {
    const client = await WsClient.ready(gateway.webSocketUrl, person.token, sinceIndex);
    clients.push(client);
    return client;
  }

  /** One log entry with many events. @returns its index. */
  function manyEvents(): number {
    const bodies: EventBody[] = Array.from({ length: EVENTS_OF_ONE_ENTRY }, (_, version) => ({
      $case: 'appointmentRemoved',
      value: { appointmentId: 'a', version },
    }));
    return gateway.agenda.state.happen([person.userId], ...bodies);
  }

  const allOrdinals = Array.from({ length: EVENTS_OF_ONE_ENTRY }, (_, ordinal) => ordinal);
  const ordinals = (client: WsClient): number[] => client.items.map(({ ordinal }) => ordinal);
  const upTo = (client: WsClient, index: number): Promise<unknown> =>
    client.message((message) => message.type === 'events' && message.index >= index);

  it('gives the events of one log entry together, however many messages they came in', async () => {
    const client = await live();
    const index = manyEvents();
    const message = await client.message(({ type }) => type === 'events');
    assert.equal(message.index, index);
    assert.equal(message.items.length, EVENTS_OF_ONE_ENTRY);
  });

  it('repeats nothing of an entry whose messages were cut off by a lost stream', async () => {
    const client = await live();
    gateway.agenda.messagesBeforeBreak = 1;
    const index = manyEvents();
    await upTo(client, index);
    assert.deepEqual(ordinals(client), allOrdinals);
  });

  it('resumes before an entry of many messages and gets it once and whole', async () => {
    const since = gateway.agenda.state.index;
    const index = manyEvents();
    const client = await live(since);
    await upTo(client, index);
    assert.deepEqual(ordinals(client), allOrdinals);
  });

  it('serves many who resume at once with few streams of the agenda', async () => {
    const since = gateway.agenda.state.index;
    gateway.agenda.notify(person.userId, 'missed');
    gateway.agenda.eventStreamsMost = 0;
    const all = await Promise.all(Array.from({ length: RESUMING }, () => live(since)));
    await Promise.all(all.map((client) => client.message(({ type }) => type === 'events')));
    assert.ok(
      gateway.agenda.eventStreamsMost < AGENDA_STREAMS_MAX,
      `${gateway.agenda.eventStreamsMost} streams at once`,
    );
    for (const client of all) assert.equal(client.items.length, 1);
  });
});
