import assert from 'node:assert/strict';
import { checkLinearizability } from '../../linearizability/checker.ts';
import { finalLists, type ListOperation, listsModel, withoutVain } from './lists-model.ts';

const list = (text: string, invokedAt: number): ListOperation => ({
  input: { kind: 'read', key: 'k' },
  output: { kind: 'list', text, length: text.split(' ').length - 1 },
  invokedAt,
  returnedAt: invokedAt + 1,
});

const append = (value: string, invokedAt: number, length?: number): ListOperation => ({
  input: { kind: 'append', key: 'k', value },
  output: length === undefined ? undefined : { kind: 'result', done: true, length },
  invokedAt,
  returnedAt: length === undefined ? Number.POSITIVE_INFINITY : invokedAt + 1,
});

function verdictOf(operations: readonly ListOperation[]): string {
  const finals = finalLists(operations);
  return checkLinearizability(listsModel(finals), withoutVain(operations, finals)).verdict;
}

describe('the model of lists', () => {
  it('takes many appends of unknown outcome, in the order in which they were read in the end', () => {
    const values = Array.from({ length: 40 }, (_, at) => `v${at}`);
    const text = `${values.toReversed().join(' ')} `;
    assert.equal(verdictOf([...values.map((value) => append(value, 0)), list(text, 5)]), 'ok');
  });

  it('lets an append of unknown outcome come to nothing', () => {
    assert.equal(verdictOf([append('a', 0), append('b', 1, 1), list('b ', 3)]), 'ok');
  });

  it('takes what came after the last read', () => {
    const last = [append('b', 1, 3), append('c', 1)];
    assert.equal(verdictOf([append('a', 0, 1), list('a ', 2), ...last]), 'ok');
  });

  it('refuses an acknowledged append that is gone', () => {
    assert.equal(verdictOf([append('a', 0, 1), append('b', 2, 1), list('b ', 4)]), 'illegal');
  });

  it('refuses a read that is behind what was acknowledged before it', () => {
    assert.equal(verdictOf([append('a', 0, 1), list('', 2), list('a ', 4)]), 'illegal');
  });

  it('refuses a list that was longer before', () => {
    assert.equal(verdictOf([append('a', 0), append('b', 0), list('a b ', 2), list('a ', 4)]), 'illegal');
  });

  it('refuses two who were told that they took the same place', () => {
    assert.equal(verdictOf([append('a', 0, 1), append('b', 0, 1), list('a b ', 4)]), 'illegal');
  });
});
