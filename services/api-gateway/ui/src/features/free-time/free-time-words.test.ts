import assert from 'node:assert/strict';
import type { Group } from '../../api/groups-api.ts';
import type { Person } from '../../api/people-api.ts';
import { parseProblem } from '../../api/problem.ts';
import { type FreeTimeForm, newFreeTimeForm } from './free-time-form.ts';
import { durationText, emptyText, failureText, peopleText, slotWords } from './free-time-words.ts';

const ben: Person = { id: 'u-1', username: 'ben', displayName: 'Ben Okoro', timeZone: 'UTC' };
const cleo: Person = { id: 'u-2', username: 'cleo', displayName: 'Cleo Martín', timeZone: 'UTC' };
const dan: Person = { id: 'u-3', username: 'dan', displayName: '', timeZone: 'UTC' };
const kitchen = { id: 'g', name: 'Kitchen', memberCount: 3 } as Group;

function form(change: Partial<FreeTimeForm> = {}): FreeTimeForm {
  return { ...newFreeTimeForm(0, 'UTC'), ...change };
}

function problem(status: number, code: string, detail: string, errors: object[] = []): Error {
  return parseProblem(status, JSON.stringify({ title: code, code, detail, errors }), null);
}

describe('what is said of free times', () => {
  it('says how long in hours and minutes, and who is to come', () => {
    const texts = [1, 45, 60, 90, 480, 1_440].map(durationText);
    assert.deepEqual(texts, ['1 minute', '45 minutes', '1 hour', '1 hour 30 minutes', '8 hours', '1 day']);
    assert.equal(peopleText(form(), undefined), 'You');
    assert.equal(
      peopleText(form({ people: [ben, dan], optional: [cleo] }), kitchen),
      'You, all of Kitchen (3 members), Ben Okoro and dan; if they can, Cleo Martín',
    );
  });

  it('says why a time is good, and by name who of the optional people cannot come', () => {
    const slot = { start: '', end: '', missingUserIds: [] as string[] };
    const all = { people: [ben], optional: [cleo, dan] };
    const words = (missingUserIds: string[], change: Partial<FreeTimeForm>) => {
      const { reason, without } = slotWords({ ...slot, missingUserIds }, form(change));
      return `${reason} ${without}`.trim();
    };
    assert.equal(words([], {}), 'You are free.');
    assert.equal(words([], { groupId: 'g' }), 'Everybody is free.');
    assert.equal(words([], all), 'Everybody is free, the optional too.');
    assert.equal(words(['u-3', 'u-2'], all), 'All who have to come are free. Without Cleo Martín and dan.');
    assert.equal(words(['u-2'], { optional: [cleo] }), 'You are free. Without Cleo Martín.');
  });

  it('gives only advice that can help when there is no time', () => {
    assert.equal(
      emptyText(form({ people: [ben], bufferMinutes: 10 })),
      'There is no time in these days at which all are free for 1 hour. You could make it shorter, look through more days, allow other hours, ask for less time before and after or let somebody be optional.',
    );
    assert.equal(
      emptyText(form({ minutes: 15, anyHour: true, lastDay: '1970-02-20' })),
      'There is no time in these days at which you are free for 15 minutes.',
    );
  });

  it('names the people about whom one may not ask, where the server names their ids', () => {
    const refused = problem(403, 'forbidden', 'you share none with u-3, u-2');
    const said = failureText(refused, form({ people: [ben, dan], optional: [cleo] }));
    assert.match(said, /^You share no group with dan and Cleo Martín, so/);
    assert.doesNotMatch(said, /u-\d|Ben/);
  });

  it('says what is wrong with a field, and that a group is no longer there', () => {
    const wrong = problem(400, 'invalid_argument', 'bad', [{ path: 'limit', message: 'must be 1 to 50' }]);
    assert.equal(failureText(wrong, form()), 'limit must be 1 to 50');
    assert.match(failureText(problem(404, 'not_found', 'no group g'), form()), /no longer in that group/);
    assert.match(failureText(problem(503, 'overloaded', 'queue full'), form()), /very busy/);
  });
});
