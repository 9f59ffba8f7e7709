import assert from 'node:assert/strict';
import type { PodProcess } from '@agenda/pod/pod-process';
import { READY_MS, TestCluster } from '../support/cluster.ts';
import { enterAll, type Person } from '../support/people.ts';
import { until } from '../support/until.ts';

const MINUTE_MS = 60_000;
/** From booking until the reminder is due: time enough for the invitations to be accepted before. */
const AHEAD_MS = 3_000;
const FIRED_MS = 20_000;

describe('reminders, with three real pods,', () => {
  let test: TestCluster;
  let people: [Person, Person, Person];

  before(async () => {
    test = await TestCluster.start(3);
    people = (await enterAll(test, ['ana', 'ben', 'cleo'])) as [Person, Person, Person];
  });
  after(() => test?.destroy());

  /** Due soon, for two who come and one who does not. @returns its title */
  const book = async (): Promise<string> => {
    const [ana, ben, cleo] = people;
    const dueMs = Date.now() + AHEAD_MS;
    const title = `Due at ${dueMs}`;
    const { id } = await ana.do(201, 'POST', '/api/appointments', {
      title,
      start: new Date(dueMs + MINUTE_MS).toISOString(),
      end: new Date(dueMs + 2 * MINUTE_MS).toISOString(),
      participants: [{ userId: ben.id }, { userId: cleo.id }],
      reminderMinutes: [1],
      allowConflict: true,
    });
    await ben.do(200, 'POST', `/api/appointments/${id}/accept`, { allowConflict: true });
    await cleo.do(200, 'POST', `/api/appointments/${id}/reject`);
    return title;
  };
  const remindersOf = async (person: Person, title: string): Promise<string[]> => {
    const { items } = await person.do(200, 'GET', '/api/notifications?limit=200');
    return items
      .filter(({ kind, text }: { kind: string; text: string }) => kind === 'reminder' && text.includes(title))
      .map(({ text }: { text: string }) => text);
  };
  const fired = (person: Person, title: string): Promise<string[]> =>
    until('the reminder', FIRED_MS, async () => {
      const found = await remindersOf(person, title);
      return found.length > 0 ? found : undefined;
    });
  const leader = (): Promise<PodProcess> =>
    until('a leader', READY_MS, async () => {
      for (const pod of test.pods) if ((await pod.raftHealth())?.isLeader) return pod;
      return undefined;
    });
  /** A second one that is due later has fired: whatever the first could still have caused is over. */
  const assertOnce = async (title: string, [ana, ben, cleo]: readonly Person[]): Promise<void> => {
    assert.equal((await fired(ana as Person, title)).length, 1);
    assert.equal((await fired(ben as Person, title)).length, 1);
    const later = await book();
    await fired(ana as Person, later);
    for (const [person, count] of [
      [ana, 1],
      [ben, 1],
      [cleo, 0],
    ] as const)
      assert.equal((await remindersOf(person as Person, title)).length, count, (person as Person).name);
  };

  it('fire once for everybody who comes', async () => {
    await assertOnce(await book(), people);
  });

  it('fire once when the leader is killed about when they are due', async () => {
    const killed = await leader();
    const survivors = test.pods.filter((pod) => pod !== killed);
    people = people.map((person, at) => person.at(survivors[at % 2]?.url ?? '')) as typeof people;
    const title = await book();
    const dueMs = Number(title.split(' ').at(-1));
    await until('the time that it is due', FIRED_MS, () =>
      Promise.resolve(Date.now() >= dueMs - 100 || undefined),
    );
    await killed.kill();
    await assertOnce(title, people);
    killed.start();
  });
});
