import assert from 'node:assert/strict';
import { GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { type Answer, type Ask, ask, assertProblem, wrongFields } from '../testing/http-client.ts';

const MAY = 'start=2026-05-01T00:00:00Z&end=2026-06-01T00:00:00Z';

describe('the agenda and the notifications over REST', () => {
  const gateway = new GatewayProcess();
  let person: Person;
  let people = 0;

  before(() => gateway.start());
  after(() => gateway.stop());
  beforeEach(async () => {
    person = await gateway.person(`reader-${++people}`);
  });

  const call = (method: string, path: string, given: Ask = {}): Promise<Answer> =>
    ask(gateway.origin, method, path, { token: person.token, ...given });

  async function book(day: number): Promise<string> {
    const date = `2026-05-${String(day).padStart(2, '0')}`;
    const body = { title: `day ${day}`, start: `${date}T09:00:00Z`, end: `${date}T10:00:00Z` };
    const answer = await call('POST', '/api/appointments', { body });
    assert.equal(answer.status, 201, answer.text);
    return answer.json.id;
  }

  it('lists the own agenda of a range in order, page by page', async () => {
    for (const day of [3, 1, 5, 2, 4]) await book(day);
    const titles: string[] = [];
    let cursor = '';
    do {
      const page = await call('GET', `/api/agenda?${MAY}&limit=2${cursor && `&cursor=${cursor}`}`);
      assert.equal(page.status, 200, page.text);
      assert.ok(page.json.items.length <= 2);
      titles.push(...page.json.items.map((item: { title: string }) => item.title));
      cursor = page.json.nextCursor ?? '';
    } while (cursor);
    assert.deepEqual(titles, ['day 1', 'day 2', 'day 3', 'day 4', 'day 5']);
  });

  it('gives an agenda item as an appointment with what is of this appearance', async () => {
    const id = await book(1);
    const { json } = await call('GET', `/api/agenda?${MAY}`);
    assert.equal(json.nextCursor, null);
    const [item] = json.items;
    assert.equal(item.id, id);
    assert.equal(item.start, '2026-05-01T09:00:00.000Z');
    assert.equal(item.recurrenceStart, null);
    assert.equal(item.myStatus, null);
    assert.equal(item.conflict, false);
    assert.equal(item.userId, person.userId);
  });

  it('takes a range with an offset in the query', async () => {
    await book(1);
    const { status, json } = await call(
      'GET',
      `/api/agenda?start=${encodeURIComponent('2026-05-01T00:00:00+02:00')}&end=2026-06-01T00:00:00Z`,
    );
    assert.equal(status, 200);
    assert.equal(json.items.length, 1);
  });

  it('names everything wrong in a query at once', async () => {
    const answer = await call('GET', '/api/agenda?start=yesterday&limit=0&order=asc');
    assertProblem(answer, 400, 'invalid_argument');
    for (const path of ['start', 'end', 'limit']) assert.ok(wrongFields(answer).includes(path), path);
  });

  it('refuses more than the longest page', async () => {
    const answer = await call('GET', `/api/agenda?${MAY}&limit=201`);
    assertProblem(answer, 400, 'invalid_argument');
    assert.deepEqual(wrongFields(answer), ['limit']);
  });

  it('refuses a cursor that no list gave', async () => {
    assertProblem(await call('GET', `/api/agenda?${MAY}&cursor=nonsense`), 400, 'invalid_argument');
  });

  it('lists notifications newest first, with null for what is not there', async () => {
    gateway.agenda.notify(person.userId, 'first');
    gateway.agenda.notify(person.userId, 'second');
    const { status, json } = await call('GET', '/api/notifications');
    assert.equal(status, 200);
    assert.deepEqual(
      json.items.map((item: { text: string }) => item.text),
      ['second', 'first'],
    );
    const [{ id, createdAt, ...rest }] = json.items;
    assert.match(id, /^\d+-0$/);
    assert.match(createdAt, /Z$/);
    assert.deepEqual(rest, {
      kind: 'conflict',
      text: 'second',
      appointmentId: null,
      groupId: null,
      actorId: null,
      readAt: null,
    });
  });

  it('counts the unread ones, all of them and not only this page', async () => {
    for (const text of ['one', 'two', 'three']) gateway.agenda.notify(person.userId, text);
    const { json } = await call('GET', '/api/notifications/unread?limit=2');
    assert.equal(json.items.length, 2);
    assert.equal(json.count, 3);
    assert.equal(typeof json.nextCursor, 'string');
  });

  it('marks one as read', async () => {
    const { notification } = gateway.agenda.notify(person.userId, 'read me');
    const read = await call('POST', `/api/notifications/${notification.id}/read`);
    assert.ok(read.status === 200 || read.status === 204, read.text);
    assert.equal((await call('GET', '/api/notifications/unread')).json.count, 0);
    const { json } = await call('GET', '/api/notifications');
    assert.match(json.items[0].readAt, /Z$/);
  });

  it('does not mark what belongs to somebody else', async () => {
    const { notification } = gateway.agenda.notify((await gateway.person('other-reader')).userId, 'private');
    assertProblem(await call('POST', `/api/notifications/${notification.id}/read`), 404, 'not_found');
  });
});
