import assert from 'node:assert/strict';
import {
  type ChangeResult,
  ConfigurationHistory,
  change,
  changeSimply,
  EMPTY_CONFIGURATION,
  enterJoint,
  leaveJoint,
} from './membership.ts';
import { State } from './state.ts';
import { TEST_OPTIONS } from './testing/memory-log.ts';
import { readVectors, type VectorCase } from './testing/vectors.ts';
import type { Configuration, LogReader, MembershipChange } from './types.ts';

function configuration(parts: Partial<Configuration>): Configuration {
  return { ...EMPTY_CONFIGURATION, ...parts };
}

function changesOf(input: readonly string[]): MembershipChange[] {
  const kinds = { v: 'addVoter', l: 'addLearner', r: 'remove' } as const;
  return input
    .flatMap((line) => line.split(/\s+/))
    .filter((token) => token !== '' && token.slice(1) !== '0' && token[0] !== 'u')
    .map((token) => ({ kind: kinds[token[0] as 'v' | 'l' | 'r'], id: token.slice(1) }));
}

function applyVector(
  { directive, arguments: given, input, at }: VectorCase,
  from: Configuration,
): ChangeResult {
  const changes = changesOf(input);
  if (directive === 'simple') return changeSimply(from, changes);
  if (directive === 'enter-joint') return enterJoint(from, changes, given.get('autoleave')?.[0] === 'true');
  assert.equal(directive, 'leave-joint', at);
  return leaveJoint(from);
}

/** The real tracking of members, over a log of the length that the vectors suppose. */
class Tracker {
  #next = 1;
  readonly #state: State;

  constructor() {
    const log: LogReader = {
      firstIndex: () => 1,
      lastIndex: () => this.#next - 1,
      term: () => 0,
      entries: () => [],
      snapshot: () => undefined,
    };
    this.#state = new State({ ...TEST_OPTIONS, id: 'outsider', seed: 1 }, log, {
      hardState: { term: 1, votedFor: '', commitIndex: 0 },
      configurations: [],
      appliedIndex: 0,
    });
  }

  get configuration(): Configuration {
    return this.#state.configuration;
  }

  follow(index: number, next: Configuration): void {
    this.#next = Math.max(index, 1);
    this.#state.configurations.append(index + 1, next);
    this.#state.trackMembers();
  }

  describe(): string[] {
    const { voters, votersOutgoing, learners, learnersNext, autoLeave } = this.configuration;
    const list = (ids: readonly string[]): string => `(${[...ids].sort(byNumber).join(' ')})`;
    let line = `voters=${list(voters)}`;
    if (votersOutgoing.length > 0) line += `&&${list(votersOutgoing)}`;
    if (learners.length > 0) line += ` learners=${list(learners)}`;
    if (learnersNext.length > 0) line += ` learners_next=${list(learnersNext)}`;
    if (autoLeave) line += ' autoleave';
    const members = [...this.#state.progress].sort(([a], [b]) => byNumber(a, b));
    return [
      line,
      ...members.map(([id, { state, matchIndex, nextIndex }]) => {
        assert.equal(state, 'probe');
        const learner = learners.includes(id) ? ' learner' : '';
        return `${id}: StateProbe match=${matchIndex} next=${nextIndex}${learner}`;
      }),
    ];
  }
}

function byNumber(a: string, b: string): number {
  return Number(a) - Number(b);
}

describe('membership changes', () => {
  it('agree with every vector of simple and joint changes', function () {
    const files = readVectors('raft-confchange');
    if (!files) return this.skip();
    let count = 0;
    for (const { cases } of files) {
      const tracker = new Tracker();
      for (const [lastIndex, vector] of cases.entries()) {
        const result = applyVector(vector, tracker.configuration);
        if (result.ok) tracker.follow(lastIndex, result.configuration);
        const text = result.ok ? tracker.describe() : [result.reason];
        assert.deepEqual(text, vector.expected, vector.at);
        count += 1;
      }
    }
    console.log(`      ${count} of ${files.reduce((sum, { answers }) => sum + answers, 0)} vectors`);
    for (const { name, cases, answers } of files)
      assert.equal(cases.length, answers, `${name} is read whole`);
    assert.ok(count > 0);
  });

  it('are simple where one voter differs, and joint and left automatically where more do', () => {
    const from = configuration({ voters: ['a', 'b', 'c'] });
    const one = change(from, [{ kind: 'addVoter', id: 'd' }]);
    assert.deepEqual(one, { ok: true, configuration: configuration({ voters: ['a', 'b', 'c', 'd'] }) });
    const two = change(from, [
      { kind: 'addVoter', id: 'd' },
      { kind: 'remove', id: 'a' },
    ]);
    assert.deepEqual(two, {
      ok: true,
      configuration: configuration({
        voters: ['b', 'c', 'd'],
        votersOutgoing: ['a', 'b', 'c'],
        autoLeave: true,
      }),
    });
  });

  it('may add any number of learners at once', () => {
    const changed = change(configuration({ voters: ['a'] }), [
      { kind: 'addLearner', id: 'c' },
      { kind: 'addLearner', id: 'b' },
    ]);
    assert.deepEqual(changed, {
      ok: true,
      configuration: configuration({ voters: ['a'], learners: ['b', 'c'] }),
    });
  });

  it('never leave a cluster without voters', () => {
    const from = configuration({ voters: ['a', 'b'] });
    const none = change(from, [
      { kind: 'remove', id: 'a' },
      { kind: 'remove', id: 'b' },
    ]);
    assert.equal(none.ok, false);
    const learnersOnly = change(configuration({ voters: ['a'] }), [{ kind: 'addLearner', id: 'a' }]);
    assert.equal(learnersOnly.ok, false);
  });

  it('do not touch what they start from', () => {
    const from = Object.freeze(configuration({ voters: Object.freeze(['a', 'b', 'c']) as string[] }));
    change(from, [
      { kind: 'remove', id: 'a' },
      { kind: 'addLearner', id: 'b' },
    ]);
    assert.deepEqual(from.voters, ['a', 'b', 'c']);
  });
});

describe('the history of configurations', () => {
  const first = configuration({ voters: ['a'] });
  const second = configuration({ voters: ['a', 'b'] });
  const third = configuration({ voters: ['a', 'b', 'c'] });

  it('goes back to the one before when the log is truncated', () => {
    const history = new ConfigurationHistory([{ index: 1, configuration: first }]);
    history.append(4, second);
    history.append(6, third);
    assert.equal(history.truncate(7), false);
    assert.equal(history.current, third);
    assert.equal(history.truncate(5), true);
    assert.equal(history.current, second);
    assert.equal(history.truncate(4), true);
    assert.equal(history.current, first);
    assert.equal(history.currentIndex, 1);
  });

  it('keeps the last committed one, and forgets those before it', () => {
    const history = new ConfigurationHistory([
      { index: 1, configuration: first },
      { index: 4, configuration: second },
      { index: 9, configuration: third },
    ]);
    history.forget(5);
    history.truncate(6);
    assert.equal(history.current, second);
    history.truncate(1);
    assert.throws(() => history.current);
  });

  it('of a blank member is empty and has no voters', () => {
    const history = new ConfigurationHistory([]);
    assert.deepEqual(history.current, EMPTY_CONFIGURATION);
    assert.equal(history.currentIndex, 0);
  });
});

describe('the feature level of a configuration', () => {
  const raise = (level: number): MembershipChange => ({ kind: 'raiseFeatureLevel', level });
  const three = configuration({ voters: ['a', 'b', 'c'] });

  function changed(from: Configuration, ...changes: MembershipChange[]): Configuration {
    const result = change(from, changes);
    assert.ok(result.ok);
    return result.configuration;
  }

  it('is raised without a joint phase, and outlives every later change', () => {
    const raised = changed(three, raise(2));
    assert.deepEqual(raised, { ...three, featureLevel: 2 });
    const joint = changed(raised, { kind: 'remove', id: 'c' }, { kind: 'addVoter', id: 'd' });
    assert.equal(joint.featureLevel, 2);
    const left = leaveJoint(joint);
    assert.ok(left.ok);
    assert.deepEqual(left.configuration, { ...three, voters: ['a', 'b', 'd'], featureLevel: 2 });
  });

  it('never falls, nor stays while it is said to rise', () => {
    const raised = changed(three, raise(3));
    for (const level of [1, 2, 3]) assert.equal(change(raised, [raise(level)]).ok, false);
  });
});
