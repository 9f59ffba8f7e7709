import assert from 'node:assert/strict';
import { TestCluster } from '../support/cluster.ts';
import { at, dayRange, enterAll, type Person } from '../support/people.ts';

describe('an agenda for people', () => {
  let test: TestCluster;

  before(async () => {
    test = await TestCluster.start(3);
  });
  after(() => test?.destroy());

  describe('a family, which is a flat group', () => {
    let [eva, tom, ida]: Person[] = [];
    let group: string;
    let dinner: { id: string; version: number };

    const family = (): [Person, Person, Person] => [eva, tom, ida] as [Person, Person, Person];

    before(async () => {
      [eva, tom, ida] = await enterAll(test, ['eva', 'tom', 'ida']);
      const [mother, father, child] = family();
      group = (await mother.do(201, 'POST', '/api/groups', { name: 'Family', kind: 'non_hierarchical' })).id;
      for (const person of [father, child])
        await mother.do(200, 'PUT', `/api/groups/${group}/members/${person.id}`);
    });

    it('finds each other by name, and is told to have joined', async () => {
      const [mother, father, child] = family();
      const found = await mother.do(200, 'GET', '/api/users?query=to');
      assert.deepEqual(
        found.items.map(({ id, username }: { id: string; username: string }) => [id, username]),
        [[father.id, 'tom']],
      );
      assert.deepEqual(await child.news(), ['group_joined']);
      const { memberCount, myRank } = await child.do(200, 'GET', `/api/groups/${group}`);
      assert.deepEqual([memberCount, myRank], [3, null]);
      await child.refused('forbidden', 'PUT', `/api/groups/${group}/members/${mother.id}`);
      const { items } = await child.do(200, 'GET', '/api/notifications');
      await child.do(204, 'POST', `/api/notifications/${items[0].id}/read`);
      assert.deepEqual(await child.news(), []);
      await father.do(404, 'POST', `/api/notifications/${items[0].id}/read`);
      await father.readAll();
    });

    it('is asked to dinner, and has dinner once everybody has accepted', async () => {
      const [mother, father, child] = family();
      const body = { title: 'Dinner', start: at(6, 18), end: at(6, 20), groupId: group };
      dinner = await mother.do(201, 'POST', '/api/appointments', body);
      assert.deepEqual(await child.day(6), ['Dinner:pending']);
      assert.deepEqual(await child.news(), ['invited']);
      const path = `/api/appointments/${dinner.id}`;
      assert.equal((await father.do(200, 'POST', `${path}/accept`)).status, 'pending');
      assert.equal((await child.do(200, 'POST', `${path}/tentative`)).myStatus, 'tentative');
      assert.equal((await mother.do(200, 'GET', path)).status, 'pending');
      const accepted = await child.do(200, 'POST', `${path}/accept`);
      assert.deepEqual([accepted.status, accepted.myStatus], ['accepted', 'accepted']);
      assert.deepEqual(await mother.news(), ['accepted', 'tentative', 'accepted']);
      assert.deepEqual(await father.do(200, 'GET', `${path}/my-status`), {
        appointmentId: dinner.id,
        myStatus: 'accepted',
        status: 'accepted',
      });
    });

    it('is asked again when dinner moves, and one who declines declines it', async () => {
      const [mother, father, child] = family();
      await Promise.all(family().map((person) => person.readAll()));
      const path = `/api/appointments/${dinner.id}`;
      const stale = { headers: { 'if-match': `"${dinner.version}"` } };
      await mother.do(412, 'PATCH', path, { start: at(6, 19), end: at(6, 21) }, stale);
      const moved = await mother.do(200, 'PATCH', path, { start: at(6, 19), end: at(6, 21) });
      assert.equal(moved.status, 'pending');
      assert.deepEqual(await father.news(), ['changed']);
      assert.deepEqual(await father.day(6), ['Dinner:pending']);
      const declined = await child.do(200, 'POST', `${path}/reject`);
      assert.deepEqual([declined.status, declined.myStatus], ['declined', 'declined']);
      assert.deepEqual(await child.day(6), []);
      assert.deepEqual(await mother.news(), ['declined']);
    });

    it('cannot accept two things at once unless told to', async () => {
      const [, father] = family();
      await father.do(201, 'POST', '/api/appointments', {
        title: 'Cinema',
        start: at(6, 20),
        end: at(6, 22),
      });
      const problem = await father.refused('conflict', 'POST', `/api/appointments/${dinner.id}/accept`);
      assert.deepEqual(
        problem.conflicts.map(({ title }: { title: string }) => title),
        ['Cinema'],
      );
      await father.do(200, 'POST', `/api/appointments/${dinner.id}/accept`, { allowConflict: true });
      const { start, end } = dayRange(6);
      const conflicts = await father.do(200, 'GET', `/api/conflicts?start=${start}&end=${end}`);
      assert.deepEqual(conflicts.items.map(({ title }: { title: string }) => title).sort(), [
        'Cinema',
        'Dinner',
      ]);
    });

    it('cancels, and takes it back out of the trash', async () => {
      const [mother, father, child] = family();
      await Promise.all(family().map((person) => person.readAll()));
      const path = `/api/appointments/${dinner.id}`;
      await father.refused('forbidden', 'DELETE', path);
      await mother.do(204, 'DELETE', path);
      assert.deepEqual(await father.day(6), ['Cinema:accepted']);
      assert.deepEqual(await father.news(), ['cancelled']);
      await father.refused('not_found', 'GET', path);
      const { items } = await mother.do(200, 'GET', '/api/trash');
      assert.deepEqual(
        items.map(({ id, status }: { id: string; status: string }) => [id, status]),
        [[dinner.id, 'cancelled']],
      );
      assert.equal((await mother.do(200, 'POST', `${path}/restore`)).status, 'pending');
      assert.deepEqual(await father.day(6), ['Dinner:pending', 'Cinema:accepted']);
      assert.deepEqual(await child.day(6), ['Dinner:pending']);
    });

    it('lets its creator go only when somebody else takes over', async () => {
      const [mother, father, child] = family();
      await mother.refused('conflict', 'POST', `/api/groups/${group}/leave`);
      const handed = await mother.do(200, 'POST', `/api/groups/${group}/hand-over`, { userId: father.id });
      assert.equal(handed.creatorId, father.id);
      await child.do(204, 'POST', `/api/groups/${group}/leave`);
      assert.deepEqual(await child.day(6), []);
      await child.refused('not_found', 'GET', `/api/groups/${group}`);
    });
  });

  describe('a team with two ranks', () => {
    let [lead, ann, ben]: Person[] = [];
    let group: string;

    const team = (): [Person, Person, Person] => [lead, ann, ben] as [Person, Person, Person];

    before(async () => {
      [lead, ann, ben] = await enterAll(test, ['lead', 'ann', 'ben']);
      const [boss, ...others] = team();
      group = (await boss.do(201, 'POST', '/api/groups', { name: 'Team', kind: 'hierarchical' })).id;
      for (const person of others)
        await boss.do(200, 'PUT', `/api/groups/${group}/members/${person.id}`, { rank: 10 });
    });

    it('gets what the lead books at once, also over something else, which is flagged to both', async () => {
      const [boss, one, two] = team();
      await Promise.all(team().map((person) => person.readAll()));
      await one.do(201, 'POST', '/api/appointments', { title: 'Dentist', start: at(7, 9), end: at(7, 10) });
      const body = { title: 'Plan', start: at(7, 9), end: at(7, 10), groupId: group };
      const plan = await boss.do(201, 'POST', '/api/appointments', body);
      assert.equal(plan.status, 'accepted');
      assert.deepEqual((await one.day(7)).sort(), ['Dentist:accepted', 'Plan:auto']);
      assert.deepEqual(await two.day(7), ['Plan:auto']);
      assert.ok((await one.news()).includes('conflict'));
      assert.deepEqual(await boss.news(), ['conflict']);
      await two.refused('forbidden', 'POST', `/api/appointments/${plan.id}/reject`);
      await two.refused('conflict', 'POST', '/api/appointments', {
        title: 'Mine',
        start: at(7, 9),
        end: at(7, 10),
      });
    });

    it('asks equals and superiors', async () => {
      const [boss, one, two] = team();
      const body = { title: 'Beer', start: at(7, 17), end: at(7, 18), groupId: group };
      const beer = await one.do(201, 'POST', '/api/appointments', body);
      assert.equal(beer.status, 'pending');
      assert.deepEqual(
        beer.participants.map(({ status }: { status: string }) => status),
        ['pending', 'pending'],
      );
      await two.do(200, 'POST', `/api/appointments/${beer.id}/accept`);
      assert.equal((await boss.do(200, 'POST', `/api/appointments/${beer.id}/accept`)).status, 'accepted');
    });

    it('keeps ranks: nobody changes an equal, nor gives a rank at the own', async () => {
      const [boss, one, two] = team();
      await one.refused('forbidden', 'PUT', `/api/groups/${group}/members/${two.id}`, { rank: 5 });
      await one.refused('forbidden', 'DELETE', `/api/groups/${group}/members/${boss.id}`);
      await boss.do(200, 'PUT', `/api/groups/${group}/members/${one.id}`, { rank: 20 });
      await one.do(200, 'PUT', `/api/groups/${group}/members/${two.id}`, { rank: 15 });
      await one.refused('forbidden', 'PUT', `/api/groups/${group}/members/${two.id}`, { rank: 20 });
      assert.deepEqual(
        (await two.do(200, 'GET', `/api/groups/${group}/members`)).items.map(
          ({ username, rank }: { username: string; rank: number }) => [username, rank],
        ),
        [
          ['lead', 1000],
          ['ann', 20],
          ['ben', 15],
        ],
      );
    });

    it('sees of each other what privacy lets it: all, "busy", or all to a superior', async () => {
      const [boss, one, two] = team();
      const secret = { title: 'Bank', start: at(8, 9), end: at(8, 10), privacy: 'freebusy' };
      const { id } = await two.do(201, 'POST', '/api/appointments', secret);
      const path = `/api/users/${two.id}/agenda`;
      assert.deepEqual(
        (await boss.day(8, path)).map((entry) => entry.split(':')[0]),
        ['Bank'],
      );
      await boss.do(200, 'PUT', `/api/groups/${group}/members/${one.id}`, { rank: 15 });
      assert.deepEqual(await one.day(8, path), ['busy']);
      assert.deepEqual(await one.day(8, `/api/groups/${group}/agenda`), ['busy']);
      assert.doesNotMatch(JSON.stringify(await one.do(200, 'GET', `/api/appointments/${id}`)), /Bank/);
      const [stranger] = await enterAll(test, ['stranger']);
      await stranger?.refused('forbidden', 'GET', `${path}?start=${at(8, 0)}&end=${at(9, 0)}`);
      await stranger?.refused('not_found', 'GET', `/api/appointments/${id}`);
    });
  });

  describe('a department of forty with three ranks', () => {
    let head: Person;
    let leads: Person[];
    let staff: Person[];
    let group: string;

    before(async () => {
      const names = ['head', ...numbered('lead', 3), ...numbered('staff', 36)];
      const [first, ...others] = await enterAll(test, names);
      head = first as Person;
      [leads, staff] = [others.slice(0, 3), others.slice(3)];
      group = (await head.do(201, 'POST', '/api/groups', { name: 'Department', kind: 'hierarchical' })).id;
      const put = (by: Person, person: Person, rank: number) =>
        by.do(200, 'PUT', `/api/groups/${group}/members/${person.id}`, { rank });
      await Promise.all(leads.map((person) => put(head, person, 500)));
      await Promise.all(staff.map((person, n) => put(leads[n % 3] as Person, person, 100)));
    });

    it('is all at the meeting that the head calls, on every pod', async () => {
      const body = { title: 'Town hall', start: at(12, 10), end: at(12, 11), groupId: group };
      const meeting = await head.do(201, 'POST', '/api/appointments', body);
      assert.equal(meeting.status, 'accepted');
      assert.equal(meeting.participants.length, 39);
      for (const pod of test.pods)
        for (const person of [leads[0], staff[35]])
          assert.deepEqual(await person?.at(pod.url).day(12), ['Town hall:auto']);
    });

    it('finds a time at which all can, and nobody learns why another hour was not free', async () => {
      const [lead, early] = [leads[1] as Person, staff[7] as Person];
      const secret = { title: 'Therapy', start: at(12, 8), end: at(12, 10), privacy: 'freebusy' };
      await early.do(201, 'POST', '/api/appointments', secret);
      const wanted = {
        groupId: group,
        ...dayRange(12),
        durationMinutes: 60,
        workingHours: { start: '08:00', end: '13:00' },
      };
      const slots = await lead.do(200, 'POST', '/api/free-slots', wanted);
      assert.ok(slots.items.length > 0);
      for (const { start, end } of slots.items)
        assert.ok(start >= at(12, 11) && end <= at(12, 13), `${start} to ${end} is not free`);
      assert.doesNotMatch(JSON.stringify(slots), /Therapy|Town hall/);
      const { start, end } = dayRange(12);
      const busy = await lead.do(200, 'GET', `/api/freebusy?users=${early.id}&start=${start}&end=${end}`);
      assert.deepEqual(busy.items, [{ userId: early.id, busy: [{ start: at(12, 8), end: at(12, 11) }] }]);
    });

    it('takes a new member into what is to come, and lets one who leaves out of it', async () => {
      const [novice] = (await enterAll(test, ['novice'])) as [Person];
      await head.do(200, 'PUT', `/api/groups/${group}/members/${novice.id}`, { rank: 50 });
      assert.deepEqual(await novice.day(12), ['Town hall:auto']);
      await novice.do(204, 'POST', `/api/groups/${group}/leave`);
      assert.deepEqual(await novice.day(12), []);
    });

    it('goes out of everybody’s future with its group', async () => {
      await head.do(204, 'DELETE', `/api/groups/${group}`);
      for (const person of [leads[2], staff[0]]) assert.deepEqual(await person?.day(12), []);
      assert.ok((await (staff[0] as Person).news()).includes('cancelled'));
    });
  });
});

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${name}-${at + 1}`);
}
