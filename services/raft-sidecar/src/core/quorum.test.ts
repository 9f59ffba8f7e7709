import assert from 'node:assert/strict';
import { quorumValue, type VoteResult, voteResult } from './quorum.ts';
import { readVectors, type VectorCase } from './testing/vectors.ts';

const VERDICTS: Readonly<Record<VoteResult, string>> = {
  won: 'VoteWon',
  pending: 'VotePending',
  lost: 'VoteLost',
};

function answer({ directive, arguments: given, at }: VectorCase): string {
  const outgoing = given.get('cfgj') ?? [];
  const halves = {
    voters: given.get('cfg') ?? [],
    votersOutgoing: outgoing.filter((id) => id !== 'zero'),
  };
  const ids = [...new Set([...halves.voters, ...halves.votersOutgoing])];
  const values = given.get(directive === 'vote' ? 'votes' : 'idx') ?? [];
  assert.equal(values.length, ids.length, `${at}: one value for each voter`);
  const known = new Map(ids.map((id, place) => [id, values[place] as string]));
  for (const [id, value] of known) if (value === '_') known.delete(id);
  if (directive === 'vote')
    return VERDICTS[voteResult(halves, (id) => (known.has(id) ? known.get(id) === 'y' : undefined))];
  assert.equal(directive, 'committed', at);
  const index = quorumValue(halves, (id) => (known.has(id) ? Number(known.get(id)) : undefined));
  return index === Number.POSITIVE_INFINITY ? '∞' : String(index);
}

describe('quorums', () => {
  it('agree with every vector of simple and joint majorities', function () {
    const files = readVectors('raft-quorum');
    if (!files) return this.skip();
    let count = 0;
    for (const { cases } of files)
      for (const vector of cases) {
        const expected = vector.expected.at(-1)?.replace('<empty majority quorum>', '');
        assert.equal(answer(vector), expected, vector.at);
        count += 1;
      }
    console.log(`      ${count} of ${files.reduce((sum, { answers }) => sum + answers, 0)} vectors`);
    for (const { name, cases, answers } of files)
      assert.equal(cases.length, answers, `${name} is read whole`);
    assert.ok(count > 0);
  });

  it('need more than half, also of an even number', () => {
    const halves = { voters: ['a', 'b', 'c', 'd'], votersOutgoing: [] };
    const matched: Record<string, number> = { a: 7, b: 7, c: 3 };
    assert.equal(
      quorumValue(halves, (id) => matched[id]),
      3,
    );
    assert.equal(
      voteResult(halves, (id) => id < 'c'),
      'lost',
    );
    assert.equal(
      voteResult(halves, (id) => id < 'd'),
      'won',
    );
  });

  it('need both halves of a joint configuration', () => {
    const halves = { voters: ['a', 'b', 'c'], votersOutgoing: ['c', 'd', 'e'] };
    const matched: Record<string, number> = { a: 9, b: 9, c: 5, d: 4, e: 0 };
    assert.equal(
      quorumValue(halves, (id) => matched[id]),
      4,
    );
    assert.equal(
      voteResult(halves, (id) => (id < 'c' ? true : undefined)),
      'pending',
    );
    assert.equal(
      voteResult(halves, (id) => id < 'd'),
      'lost',
    );
  });
});
