import assert from 'node:assert/strict';
import { AppointmentResponse } from '@agenda/proto/agenda/v1/agenda';
import { GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { type Answer, type Ask, ask, assertProblem, wrongFields } from '../testing/http-client.ts';

const AT_NINE = { title: 'Stand-up', start: '2026-05-04T09:00:00.000Z', end: '2026-05-04T09:30:00.000Z' };

describe('appointments over REST', () => {
  const gateway = new GatewayProcess();
  let person: Person;
  let people = 0;

  before(() => gateway.start());
  after(() => gateway.stop());
  beforeEach(async () => {
    person = await gateway.person(`person-${++people}`);
  });

  const call = (method: string, path: string, given: Ask = {}): Promise<Answer> =>
    ask(gateway.origin, method, path, { token: person.token, ...given });
  const create = (body: unknown, given: Ask = {}): Promise<Answer> =>
    call('POST', '/api/appointments', { ...given, body });

  async function created(body: object = AT_NINE): Promise<Answer['json']> {
    const answer = await create(body);
    assert.equal(answer.status, 201, answer.text);
    return answer.json;
  }

  it('creates one and says where it is, which version, and at which index', async () => {
    const answer = await create({
      ...AT_NINE,
      description: 'daily',
      location: 'room 1',
      privacy: 'freebusy',
    });
    assert.equal(answer.status, 201, answer.text);
    const { id, createdAt, updatedAt, ...rest } = answer.json;
    assert.equal(answer.headers.get('location'), `/api/appointments/${id}`);
    assert.equal(answer.headers.get('etag'), '"1"');
    assert.equal(answer.headers.get('x-agenda-index'), String(gateway.agenda.state.index));
    assert.equal(updatedAt, createdAt);
    assert.deepEqual(rest, {
      ...AT_NINE,
      ownerId: person.userId,
      groupId: null,
      description: 'daily',
      location: 'room 1',
      timeZone: 'UTC',
      allDay: false,
      privacy: 'freebusy',
      status: 'accepted',
      version: 1,
      originNode: 'agenda-1',
      participants: [],
      recurrence: null,
      reminderMinutes: [],
      seriesId: null,
      recurrenceStart: null,
      deletedAt: null,
      myStatus: null,
      busyOnly: false,
    });
  });

  it('takes instants with any offset and answers in UTC', async () => {
    const json = await created({
      title: 'Lunch',
      start: '2026-05-04T12:00:00-04:00',
      end: '2026-05-04T18:30:00.250+02:00',
    });
    assert.equal(json.start, '2026-05-04T16:00:00.000Z');
    assert.equal(json.end, '2026-05-04T16:30:00.250Z');
  });

  it('names every wrong field at once', async () => {
    const answer = await create({
      title: 5,
      start: '2026-05-04T09:00:00',
      end: 'tomorrow',
      privacy: 'secret',
      colour: 'red',
    });
    assertProblem(answer, 400, 'invalid_argument');
    assert.deepEqual(wrongFields(answer), ['colour', 'end', 'privacy', 'start', 'title']);
  });

  for (const [what, start] of [
    ['no offset', '2026-05-04T09:00:00'],
    ['a day that does not exist', '2026-02-30T09:00:00Z'],
    ['a year of two digits', '0075-05-04T09:00:00Z'],
    ['a leap day of another year', '2026-02-29T09:00:00Z'],
    ['the hour 24', '2026-05-04T24:00:00Z'],
    ['an offset that no place has', '2026-05-04T09:00:00+25:00'],
    ['a year before 1970', '1969-12-31T23:59:59Z'],
    ['a year after 9999', '+010000-01-01T00:00:00Z'],
    ['a number', 1_777_000_000_000],
  ] as const)
    it(`refuses a start with ${what}`, async () => {
      const answer = await create({ ...AT_NINE, start });
      assertProblem(answer, 400, 'invalid_argument');
      assert.ok(wrongFields(answer).includes('start'), answer.text);
    });

  it('answers a conflict with what stands in the way', async () => {
    const first = await created();
    const answer = await create({ ...AT_NINE, title: 'Other' });
    assertProblem(answer, 409, 'conflict');
    assert.deepEqual(answer.json.conflicts, [
      {
        appointmentId: first.id,
        title: first.title,
        start: first.start,
        end: first.end,
        userId: person.userId,
      },
    ]);
  });

  it('books over a conflict when told to', async () => {
    await created();
    assert.equal((await create({ ...AT_NINE, allowConflict: true })).status, 201);
  });

  it('shows one with its ETag, and 304 without a body to who has it already', async () => {
    const { id } = await created();
    const path = `/api/appointments/${id}`;
    const shown = await call('GET', path);
    assert.equal(shown.status, 200);
    assert.equal(shown.headers.get('etag'), '"1"');
    for (const known of ['"1"', 'W/"1"', '"7", "1"', '*']) {
      const again = await call('GET', path, { headers: { 'if-none-match': known } });
      assert.equal(again.status, 304, known);
      assert.equal(again.text, '');
      assert.equal(again.headers.get('etag'), '"1"');
    }
    assert.equal((await call('GET', path, { headers: { 'if-none-match': '"7"' } })).status, 200);
  });

  for (const contentType of ['application/json', 'application/merge-patch+json'])
    it(`changes only what a PATCH in ${contentType} names`, async () => {
      const { id } = await created({ ...AT_NINE, description: 'daily' });
      const answer = await call('PATCH', `/api/appointments/${id}`, {
        body: { title: 'Sit-down' },
        headers: { 'content-type': contentType },
      });
      assert.equal(answer.status, 200, answer.text);
      assert.equal(answer.json.title, 'Sit-down');
      assert.equal(answer.json.description, 'daily');
      assert.equal(answer.json.start, AT_NINE.start);
      assert.equal(answer.headers.get('etag'), '"2"');
    });

  it('moves only the end when a PATCH names only the end', async () => {
    const { id } = await created({ ...AT_NINE, timeZone: 'Europe/Madrid' });
    const body = { end: '2026-05-04T10:00:00Z' };
    const answer = await call('PATCH', `/api/appointments/${id}`, { body });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.start, AT_NINE.start);
    assert.equal(answer.json.end, '2026-05-04T10:00:00.000Z');
    assert.equal(answer.json.timeZone, 'Europe/Madrid');
  });

  it('gives a field its default where a merge patch says null', async () => {
    const { id } = await created({
      ...AT_NINE,
      description: 'daily',
      location: 'room 1',
      privacy: 'freebusy',
    });
    const answer = await call('PATCH', `/api/appointments/${id}`, {
      body: { description: null, location: null, privacy: null },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual([answer.json.description, answer.json.location, answer.json.privacy], ['', '', 'full']);
  });

  it('refuses null for a field that has no default', async () => {
    const { id } = await created();
    const body = { title: null, start: null };
    const answer = await call('PATCH', `/api/appointments/${id}`, { body });
    assertProblem(answer, 400, 'invalid_argument');
    assert.deepEqual(wrongFields(answer), ['start', 'title']);
  });

  it('reads anew and tries again when somebody else is faster than a PATCH of a part of the time', async () => {
    const { id } = await created();
    let raced = false;
    gateway.agenda.before = ({ method }) => {
      const appointment = gateway.agenda.state.appointments.get(id);
      if (method === 'updateAppointment' && !raced && appointment) {
        raced = true;
        appointment.version += 1;
      }
      return undefined;
    };
    const body = { end: '2026-05-04T10:00:00Z' };
    const headers = { 'idempotency-key': `race-${id}` };
    const answer = await call('PATCH', `/api/appointments/${id}`, { body, headers });
    gateway.agenda.before = () => undefined;
    assert.equal(answer.status, 200, answer.text);
    assert.ok(raced);
    const again = await call('PATCH', `/api/appointments/${id}`, { body, headers });
    assert.deepEqual(again.json, answer.json, 'a repeat gets the first answer');
  });

  it('refuses a PATCH that changes nothing', async () => {
    const { id } = await created();
    assertProblem(await call('PATCH', `/api/appointments/${id}`, { body: {} }), 400, 'invalid_argument');
  });

  it('puts the defaults where a PUT leaves something out', async () => {
    const { id } = await created({ ...AT_NINE, description: 'daily', privacy: 'freebusy' });
    const answer = await call('PUT', `/api/appointments/${id}`, { body: { ...AT_NINE, title: 'New' } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.json.title, 'New');
    assert.equal(answer.json.description, '');
    assert.equal(answer.json.privacy, 'full');
  });

  it('names what a PUT lacks', async () => {
    const { id } = await created();
    const answer = await call('PUT', `/api/appointments/${id}`, { body: { title: 'New' } });
    assertProblem(answer, 400, 'invalid_argument');
    assert.deepEqual(wrongFields(answer), ['end', 'start']);
  });

  for (const [method, body] of [
    ['PUT', AT_NINE],
    ['PATCH', { title: 'New' }],
    ['DELETE', undefined],
  ] as const) {
    const given = (ifMatch: string): Ask => ({
      ...(body ? { body } : {}),
      headers: { 'if-match': ifMatch },
    });

    it(`honours If-Match on ${method}`, async () => {
      const { id } = await created();
      const path = `/api/appointments/${id}`;
      assertProblem(await call(method, path, given('"7"')), 412, 'version_mismatch');
      assertProblem(await call(method, path, given('seven')), 400, 'invalid_argument');
      assert.ok((await call(method, path, given('"1"'))).status < 300);
    });

    it(`lets only the owner ${method}`, async () => {
      const { id } = await created();
      const stranger = await gateway.person(`stranger-${++people}`);
      const answer = await call(method, `/api/appointments/${id}`, {
        ...(body ? { body } : {}),
        token: stranger.token,
      });
      assertProblem(answer, 403, 'forbidden');
    });
  }

  it('lets nobody PATCH the time who sees only that it is taken', async () => {
    const { id } = await created();
    const member = await gateway.person(`member-${++people}`);
    const { startMs, endMs } = gateway.agenda.state.appointments.get(id) as {
      startMs: number;
      endMs: number;
    };
    const appointment = { id, startMs, endMs, busyOnly: true };
    const getAppointment = () => AppointmentResponse.fromPartial({ appointment });
    Object.assign(gateway.agenda.answers, { getAppointment });
    const body = { start: AT_NINE.start };
    const answer = await call('PATCH', `/api/appointments/${id}`, { body, token: member.token });
    Object.assign(gateway.agenda.answers, { getAppointment: undefined });
    assertProblem(answer, 403, 'forbidden');
  });

  it('deletes one without a body in the answer, and then does not find it', async () => {
    const { id } = await created();
    const gone = await call('DELETE', `/api/appointments/${id}`);
    assert.equal(gone.status, 204);
    assert.equal(gone.text, '');
    assert.equal(gone.headers.get('x-agenda-index'), String(gateway.agenda.state.index));
    assertProblem(await call('GET', `/api/appointments/${id}`), 404, 'not_found');
  });

  it('does not take something else for an id', async () => {
    const { status } = await call('GET', '/api/appointments/not-an-id');
    assert.ok(status === 400 || status === 404, `answered ${status}`);
  });
});
