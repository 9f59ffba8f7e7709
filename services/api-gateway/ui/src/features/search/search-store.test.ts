import assert from 'node:assert/strict';
import type { AgendaItem, Page } from '../../api/types.ts';
import { SearchStore } from './search-store.ts';

interface Question {
  readonly words: string;
  readonly cursor: string | null;
  readonly signal: AbortSignal | undefined;
  readonly answer: (titles: readonly string[], nextCursor?: string | null) => void;
  readonly refuse: (message: string) => void;
}

/** A server that answers when the test says so. */
function askedServer() {
  const questions: Question[] = [];
  let onAsked = () => {};
  const api = {
    find: (words: string, cursor: string | null, options: { readonly signal?: AbortSignal } = {}) => {
      const { promise, resolve, reject } = Promise.withResolvers<Page<AgendaItem>>();
      questions.push({
        words,
        cursor,
        signal: options.signal,
        answer: (titles, nextCursor = null) =>
          resolve({ items: titles.map((title) => ({ id: title, title }) as AgendaItem), nextCursor }),
        refuse: (message) => reject(new Error(message)),
      });
      onAsked();
      return promise;
    },
  };
  const asked = async (count: number): Promise<Question> => {
    while (questions.length < count) await new Promise<void>((resolve) => (onAsked = resolve));
    return questions[count - 1]!;
  };
  return { api, asked, questions };
}

/** @returns once the store is in such a state. */
function until(store: SearchStore, check: () => boolean): Promise<void> {
  if (check()) return Promise.resolve();
  return new Promise((resolve) => {
    const stop = store.state.subscribe(() => {
      if (!check()) return;
      stop();
      resolve();
    });
  });
}

const titles = (store: SearchStore) => store.state.get().found?.map(({ title }) => title);
const settled = (store: SearchStore) => until(store, () => !store.state.get().loading);

describe('the search', () => {
  it('asks once for what is typed in one go', async () => {
    const { api, asked, questions } = askedServer();
    const store = new SearchStore(api, 0);
    for (const words of ['d', 'de', ' den ']) store.type(words);
    (await asked(1)).answer(['Dentist']);
    await settled(store);
    assert.deepEqual(titles(store), ['Dentist']);
    assert.deepEqual(
      questions.map(({ words }) => words),
      ['den'],
    );
  });

  it('never shows what was found for former words', async () => {
    const { api, asked } = askedServer();
    const store = new SearchStore(api, 0);
    store.type('den');
    const former = await asked(1);
    store.type('lunch');
    const newest = await asked(2);
    assert.equal(former.signal?.aborted, true);
    newest.answer(['Lunch']);
    former.answer(['Dentist']);
    await settled(store);
    assert.deepEqual(titles(store), ['Lunch']);
  });

  it('goes on where the page before ended', async () => {
    const { api, asked } = askedServer();
    const store = new SearchStore(api, 0);
    store.type('walk');
    (await asked(1)).answer(['Walk 2'], 'next');
    await settled(store);
    const more = store.loadMore();
    const question = await asked(2);
    assert.equal(question.cursor, 'next');
    question.answer(['Walk 1']);
    await more;
    assert.deepEqual(titles(store), ['Walk 2', 'Walk 1']);
    assert.equal(store.state.get().nextCursor, null);
  });

  it('finds nothing without words, and says why it could not ask', async () => {
    const { api, asked } = askedServer();
    const store = new SearchStore(api, 0);
    store.type('walk');
    (await asked(1)).refuse('away');
    await settled(store);
    assert.equal(store.state.get().error, 'away');
    store.type('  ');
    assert.deepEqual(store.state.get(), {
      words: '  ',
      found: null,
      nextCursor: null,
      loading: false,
      error: null,
    });
  });
});
