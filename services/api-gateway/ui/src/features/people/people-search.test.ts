import assert from 'node:assert/strict';
import type { FoundPeople, Person } from '../../api/people-api.ts';
import { clientError } from '../../api/problem.ts';
import { PeopleSearch } from './people-search.ts';

function person(username: string): Person {
  return { id: `u-${username}`, username, displayName: '', timeZone: 'UTC' };
}

interface Question {
  readonly query: string;
  readonly signal: AbortSignal;
  readonly answer: (found: FoundPeople) => void;
  readonly fail: (error: Error) => void;
}

/** Pauses and answers come when the test says so. */
class Desk {
  readonly questions: Question[] = [];
  readonly search: PeopleSearch;
  #pauses: (() => void)[] = [];

  constructor() {
    this.search = new PeopleSearch({
      wait: () => new Promise((resolve) => this.#pauses.push(resolve)),
      find: (query, _limit, { signal }) =>
        new Promise((answer, fail) => this.questions.push({ query, signal, answer, fail })),
    });
  }

  async pause(): Promise<void> {
    for (const resolve of this.#pauses.splice(0)) resolve();
    await settled();
  }

  get names(): string[] {
    return this.search.state.get().people.map(({ username }) => username);
  }
}

/** Everything that waits for promises which are settled has run. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a search for people', () => {
  let desk: Desk;

  beforeEach(() => {
    desk = new Desk();
  });

  it('asks once, when the typing pauses, for the name without its blanks', async () => {
    for (const text of ['a', 'an', ' ana ']) desk.search.type(text);
    assert.equal(desk.questions.length, 0);
    await desk.pause();
    assert.deepEqual(
      desk.questions.map(({ query }) => query),
      ['ana'],
    );
    desk.questions[0]?.answer({ people: [person('ana')], more: true });
    await settled();
    assert.deepEqual([desk.search.state.get().phase, desk.names], ['found', ['ana']]);
    assert.equal(desk.search.state.get().more, true);
  });

  it('shows the answer to the newest question, whichever comes last', async () => {
    desk.search.type('a');
    await desk.pause();
    desk.search.type('b');
    await desk.pause();
    const [first, second] = desk.questions;
    assert.equal(first?.signal.aborted, true);
    second?.answer({ people: [person('ben')], more: false });
    await settled();
    first?.answer({ people: [person('ana')], more: false });
    await settled();
    assert.deepEqual(desk.names, ['ben']);
  });

  it('keeps what was found while it asks again, and forgets it when nothing is typed', async () => {
    desk.search.type('a');
    await desk.pause();
    desk.questions[0]?.answer({ people: [person('ana')], more: false });
    await settled();
    desk.search.type('an');
    assert.deepEqual([desk.search.state.get().phase, desk.names], ['searching', ['ana']]);
    desk.search.type('  ');
    assert.deepEqual([desk.search.state.get().phase, desk.names], ['idle', []]);
  });

  it('says why it failed, and tries again with the next letter', async () => {
    desk.search.type('a');
    await desk.pause();
    desk.questions[0]?.fail(clientError('network', 'gone'));
    await settled();
    assert.deepEqual(
      [desk.search.state.get().phase, desk.search.state.get().error],
      ['failed', 'The server cannot be reached.'],
    );
    desk.search.type('an');
    assert.deepEqual([desk.search.state.get().phase, desk.search.state.get().error], ['searching', null]);
  });
});
