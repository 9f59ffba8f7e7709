import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { checkLinearizability } from './checker.ts';
import { HistoryRecorder, type Operation } from './history.ts';
import { type RegisterInput, type RegisterOutput, registerModel } from './models/register.ts';

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

/** mulberry32. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Whatever a client could have seen; about as often legal as not. */
function randomHistory(random: (below: number) => number, length: number): RegisterOperation[] {
  const value = (): number => random(3);
  return Array.from({ length }, () => {
    const input: RegisterInput = [
      { key: 'k', kind: 'read' } as const,
      { key: 'k', kind: 'write', value: value() } as const,
      { key: 'k', kind: 'cas', expected: value(), value: value() } as const,
    ][random(3)] as RegisterInput;
    const invokedAt = random(2 * length);
    const outputs = {
      read: { kind: 'read', value: random(4) === 0 ? null : value() },
      write: { kind: 'written' },
      cas: { kind: 'cas', done: random(2) === 0 },
    } as const;
    const known = random(4) > 0;
    return {
      input,
      output: known ? outputs[input.kind] : undefined,
      invokedAt,
      returnedAt: known ? invokedAt + random(length) : Infinity,
    };
  });
}

/** By definition: some subset of the unknown and all the others, in some order that respects time. */
function isLinearizableByTrial(
  operations: readonly RegisterOperation[],
  state = registerModel.initial,
): boolean {
  if (operations.every(({ output }) => output === undefined)) return true;
  return operations.some((candidate) => {
    const others = operations.filter((operation) => operation !== candidate);
    if (others.some(({ output, returnedAt }) => output !== undefined && returnedAt < candidate.invokedAt))
      return false;
    const next = registerModel.step(state, candidate.input, candidate.output);
    return next !== undefined && isLinearizableByTrial(others, next);
  });
}

const read = (value: number | null): RegisterOutput => ({ kind: 'read', value });
const WRITTEN: RegisterOutput = { kind: 'written' };

describe('the checker', () => {
  it('agrees with the definition on random small histories', () => {
    const seed = randomBytes(4).readUInt32LE();
    console.log(`      seed ${seed}`);
    const random = randomOf(seed);
    const verdicts = { ok: 0, illegal: 0, unknown: 0 };
    for (let round = 0; round < 3_000; round++) {
      const operations = randomHistory(random, 2 + random(6));
      const { verdict } = checkLinearizability(registerModel, operations);
      verdicts[verdict] += 1;
      const expected = isLinearizableByTrial(operations) ? 'ok' : 'illegal';
      assert.equal(verdict, expected, `seed ${seed}: ${JSON.stringify(operations)}`);
    }
    assert.ok(verdicts.ok > 100 && verdicts.illegal > 100, JSON.stringify(verdicts));
  });

  it('checks each key by itself', () => {
    const history = new HistoryRecorder<RegisterInput, RegisterOutput>();
    for (const [key, value] of [
      ['a', 1],
      ['b', 2],
    ] as const)
      history.complete(history.invoke({ key, kind: 'write', value }), WRITTEN);
    history.complete(history.invoke({ key: 'a', kind: 'read' }), read(1));
    const legal = checkLinearizability(registerModel, history.operations());
    assert.deepEqual([legal.verdict, legal.partitions], ['ok', 2]);
    history.complete(history.invoke({ key: 'b', kind: 'read' }), read(1));
    const illegal = checkLinearizability(registerModel, history.operations());
    assert.deepEqual([illegal.verdict, illegal.violation?.partition], ['illegal', 'b']);
  });

  it('says which order went furthest and what cannot follow it', () => {
    const history = new HistoryRecorder<RegisterInput, RegisterOutput>();
    history.complete(history.invoke({ key: 'a', kind: 'write', value: 1 }), WRITTEN);
    history.complete(history.invoke({ key: 'a', kind: 'read' }), read(2));
    const { violation } = checkLinearizability(registerModel, history.operations());
    assert.equal(
      violation?.text,
      [
        'partition a: no order fits after 2 configurations; the order that went furthest:',
        '  [1, 2] {"key":"a","kind":"write","value":1} -> {"kind":"written"}',
        'leads to 1, where this cannot follow:',
        '  [3, 4] {"key":"a","kind":"read"} -> {"kind":"read","value":2}',
      ].join('\n'),
    );
  });

  it('takes operations that end and begin at the same time as concurrent', () => {
    const at = (input: RegisterInput, output: RegisterOutput, invokedAt: number, returnedAt: number) => ({
      input,
      output,
      invokedAt,
      returnedAt,
    });
    const before = at({ key: 'a', kind: 'read' }, read(1), 1, 2);
    const write = { key: 'a', kind: 'write', value: 1 } as const;
    assert.equal(checkLinearizability(registerModel, [before, at(write, WRITTEN, 2, 3)]).verdict, 'ok');
    assert.equal(checkLinearizability(registerModel, [before, at(write, WRITTEN, 3, 4)]).verdict, 'illegal');
  });

  it('takes a discarded call for one that never was', () => {
    const history = new HistoryRecorder<RegisterInput, RegisterOutput>();
    history.discard(history.invoke({ key: 'a', kind: 'write', value: 1 }));
    history.complete(history.invoke({ key: 'a', kind: 'read' }), read(1));
    assert.equal(checkLinearizability(registerModel, history.operations()).verdict, 'illegal');
  });

  it('walks a hundred thousand operations in a row without a deep stack', () => {
    const history = new HistoryRecorder<RegisterInput, RegisterOutput>();
    for (let value = 0; value < 50_000; value++) {
      history.complete(history.invoke({ key: 'a', kind: 'write', value }), WRITTEN);
      history.complete(history.invoke({ key: 'a', kind: 'read' }), read(value));
    }
    assert.equal(checkLinearizability(registerModel, history.operations()).verdict, 'ok');
  });

  it('is not led astray by a hundred writes of unknown outcome', () => {
    const history = new HistoryRecorder<RegisterInput, RegisterOutput>();
    for (let round = 0; round < 100; round++) {
      history.invoke({ key: 'a', kind: 'write', value: round % 7 });
      history.complete(history.invoke({ key: 'a', kind: 'write', value: 10 + (round % 3) }), WRITTEN);
      const seen = round % 5 === 0 ? round % 7 : 10 + (round % 3);
      history.complete(history.invoke({ key: 'a', kind: 'read' }), read(seen));
    }
    assert.equal(checkLinearizability(registerModel, history.operations()).verdict, 'ok');
    history.complete(history.invoke({ key: 'a', kind: 'read' }), read(99));
    const { verdict, configurations } = checkLinearizability(registerModel, history.operations());
    assert.equal(verdict, 'illegal');
    assert.ok(configurations < 10_000, `${configurations} configurations`);
  });

  it('says that it does not know when it was given too little room', () => {
    const operations: RegisterOperation[] = Array.from({ length: 12 }, (_, value) => ({
      input: { key: 'a', kind: 'write', value },
      output: WRITTEN,
      invokedAt: 0,
      returnedAt: 1,
    }));
    operations.push({ input: { key: 'a', kind: 'read' }, output: read(99), invokedAt: 2, returnedAt: 3 });
    const { verdict, violation } = checkLinearizability(registerModel, operations, {
      configurationsMax: 100,
    });
    assert.equal(verdict, 'unknown');
    assert.match(violation?.text ?? '', /given up/);
    assert.equal(checkLinearizability(registerModel, operations).verdict, 'illegal');
  });
});
