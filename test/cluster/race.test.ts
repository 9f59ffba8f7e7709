import assert from 'node:assert/strict';
import type { Answer } from '../support/api-client.ts';
import { READY_MS, TestCluster } from '../support/cluster.ts';
import { at, enterAll, type Person } from '../support/people.ts';
import { insist } from '../support/race.ts';
import { until } from '../support/until.ts';

const PEOPLE = 10;
const DEVICES = 20;
const SLOTS = 4;
const BOOKED_DAY = 13;
const INVITED_DAY = 14;
/** So many answers are in when the leader is killed. */
const ANSWERS_BEFORE_KILL = 150;

interface Told {
  readonly person: Person;
  readonly slot: number;
  readonly wish: string;
  readonly answer: Answer;
}

describe('two hundred clients who want the same, while the leader is killed', () => {
  let test: TestCluster;
  let people: Person[];
  let answers = 0;

  before(async () => {
    test = await TestCluster.start(3);
    people = await enterAll(
      test,
      Array.from({ length: PEOPLE }, (_, n) => `racer-${n + 1}`),
    );
  });
  after(() => test?.destroy());

  const urls = (): string[] => test.pods.map((pod) => pod.url);

  /** Every device of every person, each at another pod than the one before. */
  function devices<T>(race: (person: Person, device: number) => Promise<T>): Promise<T[]> {
    return Promise.all(
      people.flatMap((person) => Array.from({ length: DEVICES }, (_, n) => race(person, n))),
    );
  }

  async function whileLeaderIsKilled<T>(race: () => Promise<T>): Promise<T> {
    const leader = await test.cluster.waitLeader(READY_MS);
    answers = 0;
    const running = race();
    const killed = until(
      'enough answers',
      READY_MS,
      async () => answers >= ANSWERS_BEFORE_KILL || undefined,
    ).then(() => leader.kill());
    const [outcome] = await Promise.all([running, killed]);
    leader.start();
    await test.cluster.waitReady(READY_MS);
    return outcome;
  }

  /** What stands at each start, as that pod shows it. */
  async function agendaOf(person: Person, url: string, day: number): Promise<Map<string, { id: string }[]>> {
    const { items } = await person
      .at(url)
      .do(200, 'GET', `/api/agenda?start=${at(day, 0)}&end=${at(day + 1, 0)}&limit=200`);
    return Map.groupBy<string, { start: string; id: string; myStatus: string }>(
      items,
      ({ start }) => start,
    ) as never;
  }

  it('lets one booking of a slot win, tells the others by which, and keeps its word on every replica', async () => {
    const told = await whileLeaderIsKilled(() =>
      devices(async (person, device) => {
        const outcomes: Told[] = [];
        for (let turn = 0; turn < SLOTS; turn += 1) {
          const slot = (turn + device) % SLOTS;
          const key = `${person.name}-${device}-${slot}`;
          const body = { title: key, start: at(BOOKED_DAY, slot), end: at(BOOKED_DAY, slot + 1) };
          const wish = { method: 'POST', path: '/api/appointments', body, key };
          const answer = await insist(person.api, urls(), device, wish);
          answers += 1;
          outcomes.push({ person, slot, wish: key, answer });
        }
        return outcomes;
      }),
    );
    const races = Map.groupBy(told.flat(), ({ person, slot }) => `${person.name} ${slot}`);
    assert.equal(races.size, PEOPLE * SLOTS);
    for (const [race, outcomes] of races) {
      const winners = outcomes.filter(({ answer }) => answer.status === 201);
      assert.equal(winners.length, 1, `${race}: ${winners.map(({ wish }) => wish)} all won`);
      const won = winners[0]?.answer.body;
      for (const { answer, wish } of outcomes) {
        if (answer.body === won) continue;
        assert.equal(answer.status, 409, `${wish} was told ${JSON.stringify(answer.body)}`);
        const by = answer.body.conflicts.map(
          (conflict: { appointmentId: string; title: string }) => conflict,
        );
        assert.deepEqual(
          by.map(({ appointmentId, title }: { appointmentId: string; title: string }) => [
            appointmentId,
            title,
          ]),
          [[won.id, won.title]],
          `${wish} lost`,
        );
      }
    }
    for (const url of urls())
      for (const person of people) {
        const shown = await agendaOf(person, url, BOOKED_DAY);
        for (let slot = 0; slot < SLOTS; slot += 1) {
          const winner = races.get(`${person.name} ${slot}`)?.find(({ answer }) => answer.status === 201);
          const ids = shown.get(at(BOOKED_DAY, slot))?.map(({ id }) => id);
          assert.deepEqual(ids, [winner?.answer.body.id], `${person.name} at ${url}, slot ${slot}`);
        }
      }
  }).timeout(240_000);

  it('lets one of two invitations to the same hour be accepted, from however many devices', async () => {
    const [host] = (await enterAll(test, ['host'])) as [Person];
    const invitation = (title: string) =>
      host.do(201, 'POST', '/api/appointments', {
        title,
        start: at(INVITED_DAY, 9),
        end: at(INVITED_DAY, 10),
        participants: people.map(({ id }) => ({ userId: id })),
        allowConflict: true,
      });
    const rivals: { id: string; title: string }[] = [await invitation('One'), await invitation('Other')];
    const told = await whileLeaderIsKilled(() =>
      devices(async (person, device) => {
        const choice = device % rivals.length;
        const path = `/api/appointments/${rivals[choice]?.id}/accept`;
        const wish = { method: 'POST', path, key: `accept-${person.name}-${device}` };
        const answer = await insist(person.api, urls(), device, wish);
        answers += 1;
        return { person, choice, answer };
      }),
    );
    for (const [name, outcomes] of Map.groupBy(told, ({ person }) => person.name)) {
      const accepted = new Set(
        outcomes.filter(({ answer }) => answer.status === 200).map(({ choice }) => choice),
      );
      assert.equal(accepted.size, 1, `${name} accepted ${accepted.size} of two at the same hour`);
      const [won] = [...accepted] as [number];
      for (const { answer, choice } of outcomes) {
        if (choice === won) assert.equal(answer.status, 200, JSON.stringify(answer.body));
        else {
          assert.equal(answer.status, 409, JSON.stringify(answer.body));
          const by = answer.body.conflicts.map(({ title }: { title: string }) => title);
          assert.deepEqual(by, [rivals[won]?.title]);
        }
      }
      for (const url of urls()) {
        const person = people.find((each) => each.name === name) as Person;
        const statuses = await Promise.all(
          rivals.map(({ id }) => person.at(url).do(200, 'GET', `/api/appointments/${id}/my-status`)),
        );
        const expected = rivals.map((_, choice) => (choice === won ? 'accepted' : 'pending'));
        assert.deepEqual(
          statuses.map(({ myStatus }) => myStatus),
          expected,
          `${name} at ${url}`,
        );
      }
    }
  }).timeout(240_000);
});
