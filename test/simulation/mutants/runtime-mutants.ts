/** In the driver and its helpers, and in the model state machine behind them. */
import type { Mutant } from './table.ts';

const RUNTIME = 'services/raft-sidecar/src/runtime/';
const MODEL = 'test/simulation/cluster/';

export const RUNTIME_MUTANTS: readonly Mutant[] = [
  {
    name: 'answers-before-the-write',
    file: `${RUNTIME}driver.ts`,
    original: 'this.#options.sender.send(ready.messages);',
    replaced: 'this.#options.sender.send([...ready.messages, ...ready.messagesAfterPersist]);',
    breaks: 'votes and acknowledgements leave before they are on disk',
  },
  {
    name: 'hard-state-written-a-turn-late',
    file: `${RUNTIME}driver.ts`,
    original: 'const { hardState, entries } = ready;',
    replaced:
      'const { entries } = ready;\n    const hardState = ready.hardState && { ...ready.hardState, term: Math.max(this.#store.hardState.term, ready.hardState.term - 1) };',
    breaks: 'the term on disk is behind the one that is spoken of',
  },
  {
    name: 'goes-on-after-a-disk-error',
    file: `${RUNTIME}driver.ts`,
    original: '    this.#store.write(change);\n',
    replaced:
      "    try {\n      this.#store.write(change);\n    } catch (error) {\n      if ((error as Error).name === 'CrashSignal') throw error;\n    }\n",
    breaks: 'what may not be stored is acknowledged',
  },
  {
    name: 'turns-overlap',
    file: `${RUNTIME}driver.ts`,
    original: '    if (this.#busy || this.#stopped) return;\n',
    replaced: '    if (this.#stopped) return;\n',
    breaks:
      'a turn begins while the Ready before it waits for its write: the term changes across an asynchronous gap',
  },
  {
    name: 'reads-answered-when-asked',
    file: `${RUNTIME}inputs.ts`,
    original: '    if (result.ok) this.#readsUnderWay.set(requestId, outcome);\n',
    replaced: '    if (result.ok) outcome.done(core.status().commitIndex);\n',
    breaks: 'the leader answers reads before a quorum has confirmed it',
  },
  {
    name: 'reads-share-a-question-under-way',
    file: `${RUNTIME}reads.ts`,
    original: '    if (!this.#underWay) return this.#ask();\n',
    replaced:
      '    if (!this.#underWay) return this.#ask();\n    if (this.#underWay) return this.#underWay.answer;\n',
    breaks: 'a read is answered by a question that was asked before it came',
  },
  {
    name: 'promotion-without-catching-up',
    file: `${RUNTIME}membership-policy.ts`,
    original: "const caughtUp = state === 'replicate' && commitIndex - matchIndex <= PROMOTION_LAG_MAX;",
    replaced: 'const caughtUp = commitIndex - matchIndex < Number.POSITIVE_INFINITY;',
    breaks: 'a blank member counts for the majority before it holds anything',
  },
  {
    name: 'repeated-command-takes-effect-again',
    file: `${MODEL}list-machine.ts`,
    original: 'if (before) return { id: command.id, result: before, repeated: true };',
    replaced: '',
    breaks: 'a command that a client sent again takes effect twice',
  },
  {
    name: 'deduplication-lost-in-a-snapshot',
    file: `${MODEL}list-machine.ts`,
    original: 'lists: new Map(lists), results: new Map(results) };',
    replaced: 'lists: new Map(lists), results: new Map() };',
    breaks: 'after a snapshot a repeated command takes effect again',
  },
  {
    name: 'snapshot-names-an-earlier-configuration',
    file: `${RUNTIME}snapshot-taker.ts`,
    original: 'const before = log.configurations().findLast((stored) => stored.index <= index);',
    replaced: 'const before = log.configurations()[0];',
    breaks: 'who gets the snapshot forgets a change of the membership',
  },
  {
    name: 'log-cut-before-it-is-handed-out',
    file: `${RUNTIME}snapshot-taker.ts`,
    original: 'feed.durableIndex, driver.commitIndex);',
    replaced: 'feed.durableIndex);',
    breaks: 'what is committed is gone before it was handed to the state machine',
  },
];
