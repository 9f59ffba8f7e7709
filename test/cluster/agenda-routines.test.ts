import assert from 'node:assert/strict';
import { TestCluster } from '../support/cluster.ts';
import { at, enterAll, type Person } from '../support/people.ts';

describe('a year of somebody who has routines', () => {
  let test: TestCluster;
  let zoe: Person;
  let gym: string;

  before(async () => {
    test = await TestCluster.start(3);
    [zoe] = (await enterAll(test, ['zoe'])) as [Person];
  });
  after(() => test?.destroy());

  /** Starts of what has that title, in the summer of 2031. */
  async function starts(title: string, url = zoe.api.url): Promise<string[]> {
    const range = 'start=2031-06-01T00:00:00Z&end=2031-09-01T00:00:00Z&limit=200';
    const { items } = await zoe.at(url).do(200, 'GET', `/api/agenda?${range}`);
    return items
      .filter((item: { title: string }) => item.title === title)
      .map(({ start }: { start: string }) => start.slice(0, 16));
  }

  it('books a series, and learns which of its days is taken', async () => {
    await zoe.do(201, 'POST', '/api/appointments', {
      title: 'Exam',
      start: '2031-06-17T16:00:00Z',
      end: '2031-06-17T18:00:00Z',
    });
    const series = {
      title: 'Gym',
      start: '2031-06-03T18:00:00+02:00',
      end: '2031-06-03T19:00:00+02:00',
      timeZone: 'Europe/Madrid',
      recurrence: { rule: 'FREQ=WEEKLY;COUNT=4' },
    };
    const problem = await zoe.refused('conflict', 'POST', '/api/appointments', series);
    assert.deepEqual(
      problem.conflicts.map(({ title }: { title: string }) => title),
      ['Exam'],
    );
    const recurrence = { ...series.recurrence, excluded: ['2031-06-17T18:00:00+02:00'] };
    gym = (await zoe.do(201, 'POST', '/api/appointments', { ...series, recurrence })).id;
    for (const pod of test.pods)
      assert.deepEqual(await starts('Gym', pod.url), [
        '2031-06-03T16:00',
        '2031-06-10T16:00',
        '2031-06-24T16:00',
      ]);
  });

  it('moves one day of it, and the rest goes on as it was', async () => {
    const path = `/api/appointments/${gym}?scope=this&recurrenceStart=2031-06-10T16:00:00Z`;
    const moved = { start: '2031-06-11T16:00:00Z', end: '2031-06-11T17:00:00Z' };
    await zoe.refused('invalid_argument', 'PATCH', path, { start: moved.start });
    const one = await zoe.do(200, 'PATCH', path, moved);
    assert.deepEqual([one.seriesId, one.recurrence], [gym, null]);
    assert.deepEqual(await starts('Gym'), ['2031-06-03T16:00', '2031-06-11T16:00', '2031-06-24T16:00']);
  });

  it('ends it from one day on', async () => {
    await zoe.do(
      204,
      'DELETE',
      `/api/appointments/${gym}?scope=following&recurrenceStart=2031-06-24T16:00:00Z`,
    );
    assert.deepEqual(await starts('Gym'), ['2031-06-03T16:00', '2031-06-11T16:00']);
  });

  it('finds it by words, and a client in sync learns what changed', async () => {
    const found = await zoe.do(200, 'GET', '/api/search?q=gym');
    assert.ok(found.items.length > 0);
    const { index } = await zoe.do(200, 'GET', '/api/sync');
    const { id } = await zoe.do(201, 'POST', '/api/appointments', {
      title: 'Nap',
      start: at(20, 13),
      end: at(20, 14),
    });
    await zoe.do(204, 'DELETE', `/api/appointments/${gym}`);
    const news = await zoe.do(200, 'GET', `/api/sync?since=${index}`);
    assert.deepEqual(
      news.changed.map((item: { id: string }) => item.id).filter((each: string) => each === id),
      [id],
    );
    assert.ok(news.removed.includes(gym));
    assert.deepEqual([news.more, news.reset], [false, false]);
  });

  it('brings a calendar along, is told what of it was taken, and takes it away again', async () => {
    const ics = [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'PRODID:-//test//test//EN',
      ...event('imported-1', 'DTSTART:20310702T080000Z', 'DTEND:20310702T090000Z', 'SUMMARY:Imported'),
      ...event('imported-2', 'DTEND:20310702T090000Z', 'SUMMARY:Without a start'),
      'END:VCALENDAR',
      '',
    ].join('\r\n');
    const upload = (): Promise<Response> =>
      fetch(`${zoe.api.url}/api/import`, {
        method: 'POST',
        headers: { authorization: `Bearer ${zoe.api.token}`, 'content-type': 'text/calendar' },
        body: ics,
      });
    const first = await (await upload()).json();
    assert.deepEqual([first.taken, first.skipped], [1, 1], JSON.stringify(first));
    const second = await (await upload()).json();
    assert.deepEqual([second.taken, second.skipped], [0, 2], JSON.stringify(second));
    assert.deepEqual(await starts('Imported'), ['2031-07-02T08:00']);
    const exported = await fetch(
      `${zoe.api.url}/api/export.ics?start=2031-07-01T00:00:00Z&end=2031-08-01T00:00:00Z`,
      { headers: { authorization: `Bearer ${zoe.api.token}` } },
    );
    assert.match(await exported.text(), /UID:imported-1[\s\S]*SUMMARY:Imported/);
  });

  it('has a feed at a secret address on every pod, until she revokes it', async () => {
    const read = (pod: { url: string }, path: string): Promise<Response> => fetch(pod.url + path);
    const { path: former } = await zoe.do(200, 'PUT', '/api/me/feed');
    const { path } = await zoe.do(200, 'PUT', '/api/me/feed');
    for (const pod of test.pods) {
      const feed = await read(pod, path);
      assert.deepEqual([feed.status, feed.headers.get('cache-control')], [200, 'private, no-cache']);
      assert.match(await feed.text(), /^BEGIN:VCALENDAR/);
      assert.equal((await read(pod, former)).status, 404);
    }
    await zoe.do(204, 'DELETE', '/api/me/feed');
    for (const pod of test.pods) assert.equal((await read(pod, path)).status, 404);
  });
});

function event(uid: string, ...lines: readonly string[]): string[] {
  return ['BEGIN:VEVENT', `UID:${uid}`, 'DTSTAMP:20310101T000000Z', ...lines, 'END:VEVENT'];
}
