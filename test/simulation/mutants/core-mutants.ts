/** In the core. */
import type { Mutant } from './table.ts';

const CORE = 'services/raft-sidecar/src/core/';

/**
 * Left out, because nobody could tell them from the core as it is:
 * - A follower that commits, or acknowledges, up to the end of its log instead of the last entry that an append or a
 *   snapshot offer proves to match. A leader's probes never land before the last entry on which both logs agree, and always
 *   carry the next one; so the first append that is accepted in a term cuts off whatever the leader does not have, and from
 *   then on the follower's whole log is the leader's (append.ts, reject: the hint; Progress.reject).
 * - A leader that counts itself before its disk does: the driver writes what a turn has brought before it takes the
 *   acknowledgements of anything that was sent in it.
 */
export const CORE_MUTANTS: readonly Mutant[] = [
  {
    name: 'vote-not-persisted',
    file: `${CORE}raft.ts`,
    original: 'this.#hardState = { term, votedFor, commitIndex: log.commitIndex };',
    replaced: "this.#hardState = { term, votedFor: '', commitIndex: log.commitIndex };",
    breaks: 'after a restart a member votes a second time in the same term',
  },
  {
    name: 'vote-not-part-of-a-promise',
    file: `${CORE}raft.ts`,
    original: 'const promise = term !== before.term || votedFor !== before.votedFor;',
    replaced: 'const promise = term !== before.term;',
    breaks: 'a vote within a known term is not written',
  },
  {
    name: 'term-not-persisted',
    file: `${CORE}raft.ts`,
    original: 'if (!promise && log.commitIndex === before.commitIndex) return undefined;',
    replaced: 'if (votedFor === before.votedFor && log.commitIndex === before.commitIndex) return undefined;',
    breaks: 'a member speaks of a term that it forgets at a crash',
  },
  {
    name: 'first-messages-overtake-the-term',
    file: `${CORE}raft.ts`,
    original: 'const early = hardState?.promise ? [] : messages;',
    replaced: 'const early = messages;',
    breaks: 'messages of a new term leave before the term is on disk',
  },
  {
    name: 'second-vote-in-a-term',
    file: `${CORE}election.ts`,
    original:
      "const free = state.votedFor === request.from || (state.votedFor === '' && state.leader === '');",
    replaced: "const free = state.leader === '';",
    breaks: 'a member votes for two candidates of one term',
  },
  {
    name: 'vote-for-a-stale-log',
    file: `${CORE}log.ts`,
    original: 'return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= this.lastIndex);',
    replaced: 'return true;',
    breaks: 'somebody leads who lacks committed entries',
  },
  {
    name: 'vote-for-the-longer-log',
    file: `${CORE}log.ts`,
    original: 'return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= this.lastIndex);',
    replaced: 'return lastIndex >= this.lastIndex || lastTerm > ownTerm + 1_000;',
    breaks: 'the length of a log wins over its last term',
  },
  {
    name: 'vote-for-the-later-term-only',
    file: `${CORE}log.ts`,
    original: 'return lastTerm > ownTerm || (lastTerm === ownTerm && lastIndex >= this.lastIndex);',
    replaced: 'return lastTerm >= ownTerm;',
    breaks: 'a shorter log of the same last term wins',
  },
  {
    name: 'votes-kept-over-terms',
    file: `${CORE}state.ts`,
    original: "    if (this.term !== term) {\n      this.term = term;\n      this.votedFor = '';\n    }",
    replaced: '    this.term = term;',
    breaks: 'a vote of an earlier term counts for a later one',
  },
  {
    name: 'pre-vote-changes-the-term',
    file: `${CORE}raft.ts`,
    original: "if (message.kind === 'preVoteRequest') return true;",
    replaced: '',
    breaks: 'a question whether one could win deposes the leader of those who are asked',
  },
  {
    name: 'pre-candidate-raises-its-term',
    file: `${CORE}state.ts`,
    original: "    this.role = 'preCandidate';\n    this.leader = '';",
    replaced: "    this.role = 'preCandidate';\n    this.term += 1;\n    this.leader = '';",
    breaks: 'a pre-vote changes the term, and keeps the vote of the one before',
  },
  {
    name: 'majority-off-by-one-in-votes',
    file: `${CORE}quorum.ts`,
    original: '  const majority = Math.floor(voters.length / 2) + 1;\n',
    replaced: '  const majority = Math.ceil(voters.length / 2);\n',
    breaks: 'half of an even number of voters elects a leader',
  },
  {
    name: 'votes-one-too-few',
    file: `${CORE}quorum.ts`,
    original: '  if (granted >= majority) return',
    replaced: '  if (granted >= Math.max(1, majority - 1)) return',
    breaks: 'a minority elects a leader',
  },
  {
    name: 'majority-off-by-one-in-commits',
    file: `${CORE}quorum.ts`,
    original: 'voters.length - (Math.floor(voters.length / 2) + 1)',
    replaced: 'voters.length - Math.max(1, Math.floor(voters.length / 2))',
    breaks: 'a minority commits',
  },
  {
    name: 'joint-commit-by-one-half',
    file: `${CORE}quorum.ts`,
    original:
      'Math.min(majorityValue(halves.voters, reached), majorityValue(halves.votersOutgoing, reached))',
    replaced: 'majorityValue(halves.voters, reached)',
    breaks: 'the new voters alone commit while the old ones may elect another leader',
  },
  {
    name: 'joint-vote-by-one-half',
    file: `${CORE}quorum.ts`,
    original: 'const outgoing = majorityVote(halves.votersOutgoing, voteOf);',
    replaced: 'const outgoing = incoming;',
    breaks: 'the new voters alone elect a leader',
  },
  {
    name: 'prior-term-commit-by-counting',
    file: `${CORE}replication.ts`,
    original: 'if (index <= log.commitIndex || log.term(index) !== state.term) return;',
    replaced: 'if (index <= log.commitIndex) return;',
    breaks: 'an entry of an earlier term on a majority is committed and replaced (Figure 8)',
  },
  {
    name: 'match-index-of-a-stale-leadership',
    file: `${CORE}raft.ts`,
    original: '    } else if (message.term < state.term) {\n',
    replaced: "    } else if (message.term < state.term && message.kind !== 'appendResponse') {\n",
    breaks: 'an acknowledgement of an earlier term counts for entries of this one',
  },
  {
    name: 'refusal-taken-for-an-acknowledgement',
    file: `${CORE}replication.ts`,
    original: '  if (response.rejected) {\n    const hint =',
    replaced: '  if (response.rejected && response.index > progress.nextIndex) {\n    const hint =',
    breaks: 'what a follower refused counts as stored there',
  },
  {
    name: 'match-index-by-what-was-sent',
    file: `${CORE}progress.ts`,
    original: '      this.nextIndex = lastIndex + 1;\n      this.#inflight.add(lastIndex, bytes);',
    replaced:
      '      this.nextIndex = lastIndex + 1;\n      this.matchIndex = lastIndex;\n      this.#inflight.add(lastIndex, bytes);',
    breaks: 'what was sent counts as stored',
  },
  {
    name: 'truncation-without-conflict',
    file: `${CORE}append.ts`,
    original: 'const fresh = entries.findIndex((entry) => !log.matches(entry.index, entry.term));',
    replaced:
      'const fresh = entries.length > 0 && request_isBehind(log, entries) ? 0 : entries.findIndex((entry) => !log.matches(entry.index, entry.term));\n  function request_isBehind(own: typeof log, sent: readonly Entry[]) { return (sent[0] as Entry).index > own.commitIndex; }',
    breaks: 'an old append cuts off entries that were acknowledged since',
  },
  {
    name: 'no-truncation-on-conflict',
    file: `${CORE}append.ts`,
    original: 'const fresh = entries.findIndex((entry) => !log.matches(entry.index, entry.term));',
    replaced: 'const fresh = entries.findIndex((entry) => entry.index > log.lastIndex);',
    breaks: 'entries of a deposed leader stay in the log and are acknowledged',
  },
  {
    name: 'append-without-a-match',
    file: `${CORE}append.ts`,
    original: 'if (!log.matches(request.prevIndex, request.prevTerm)) {',
    replaced: 'if (request.prevIndex > log.lastIndex) {',
    breaks: 'entries are taken behind others than those they follow',
  },
  {
    name: 'configurations-survive-truncation',
    file: `${CORE}append.ts`,
    original: '    state.configurations.truncate(first.index);\n',
    replaced: '',
    breaks: 'a membership that was never committed stays in force',
  },
  {
    name: 'heartbeat-commits-beyond-the-match',
    file: `${CORE}replication.ts`,
    original: 'commitIndex: Math.min(state.log.commitIndex, progress.matchIndex),',
    replaced: 'commitIndex: state.log.commitIndex,',
    breaks: 'a heartbeat commits what is only at the same place in the log',
  },
  {
    name: 'read-before-the-terms-commit',
    file: `${CORE}read-index.ts`,
    original: 'if (state.reads.size === 0 || !state.termIsCommitted) return;',
    replaced: 'if (state.reads.size === 0) return;',
    breaks: 'a new leader reads at a commit index that is behind',
  },
  {
    name: 'read-without-a-round',
    file: `${CORE}read-index.ts`,
    original: 'state.reads.add({ requestId, index, round: state.round + 1 });',
    replaced: 'state.reads.add({ requestId, index, round: 0 });\n  confirmReads(state);',
    breaks: 'a leader that was deposed long ago answers reads',
  },
  {
    name: 'read-confirmed-by-an-earlier-round',
    file: `${CORE}read-index.ts`,
    original: 'state.reads.add({ requestId, index, round: state.round + 1 });',
    replaced: 'state.reads.add({ requestId, index, round: state.round });',
    breaks: 'an answer that was sent before the read came confirms it',
  },
  {
    name: 'read-under-a-lease',
    file: `${CORE}read-index.ts`,
    original: 'state.reads.confirm(Math.min(round, state.round));',
    replaced:
      'state.reads.confirm(state.electionElapsedTicks < state.options.electionTicks ? state.round + 1 : round);',
    breaks: 'a leader trusts its clock instead of a quorum',
  },
  {
    name: 'reads-survive-their-leadership',
    file: `${CORE}state.ts`,
    original: '    this.reads.abort();\n',
    replaced: '',
    breaks: 'a read that waited is confirmed by the rounds of a later leadership',
  },
  {
    name: 'configuration-counts-when-committed',
    file: `${CORE}membership.ts`,
    original: '  get current(): Configuration {\n    return this.#last.configuration;',
    replaced: '  get current(): Configuration {\n    return (this.#items[0] ?? this.#last).configuration;',
    breaks: 'a membership is in force only once it is committed, elsewhere than it was counted',
  },
  {
    name: 'change-before-the-terms-commit',
    file: `${CORE}raft.ts`,
    original:
      "if (pending || !state.termIsCommitted) return { ok: false, refusal: 'membershipChangePending' };",
    replaced: "if (pending) return { ok: false, refusal: 'membershipChangePending' };",
    breaks: 'two leaders change one membership into two that do not overlap',
  },
  {
    name: 'two-changes-at-once',
    file: `${CORE}raft.ts`,
    original:
      'const pending = state.configurations.currentIndex > state.log.commitIndex || isJoint(state.configuration);',
    replaced: 'const pending = isJoint(state.configuration);',
    breaks: 'the second change does not overlap with what is committed',
  },
  {
    name: 'many-changes-without-a-joint-phase',
    file: `${CORE}membership.ts`,
    original: 'if (votersChanged(from, result.configuration) > 1)',
    replaced: 'if (votersChanged(from, result.configuration) > 3)',
    breaks: 'old and new majorities do not overlap',
  },
  {
    name: 'joint-left-before-it-is-committed',
    file: `${CORE}replication.ts`,
    original:
      'if (!configuration.autoLeave || !isJoint(configuration) || configurations.currentIndex > log.commitIndex)',
    replaced: 'if (!configuration.autoLeave || !isJoint(configuration))',
    breaks: 'the new voters act alone before the old ones know of them',
  },
  {
    name: 'learner-counted-as-voter',
    file: `${CORE}quorum.ts`,
    original:
      'return Math.min(majorityValue(halves.voters, reached), majorityValue(halves.votersOutgoing, reached));',
    replaced:
      'const { learners = [] } = halves as { learners?: readonly Id[] };\n  return Math.min(majorityValue([...halves.voters, ...learners], reached), majorityValue(halves.votersOutgoing, reached));',
    breaks: 'learners help to commit',
  },
  {
    name: 'removed-leader-goes-on',
    file: `${CORE}replication.ts`,
    original: 'if (state.isVoter || configurations.currentIndex > log.commitIndex) return false;',
    replaced: 'if (state.isVoter || configurations.currentIndex >= 0) return false;',
    breaks: 'a leader that was removed leads on',
  },
  {
    name: 'transfer-while-proposals-go-on',
    file: `${CORE}raft.ts`,
    original: "return state.transferTarget === '' ? undefined : 'transferring';",
    replaced: 'return undefined;',
    breaks: 'the successor never catches up, or wins without what was taken meanwhile',
  },
  {
    name: 'transfer-never-given-up',
    file: `${CORE}replication.ts`,
    original: "if (state.transferElapsedTicks >= state.options.electionTicks) state.transferTarget = '';",
    replaced: '',
    breaks: 'a leader whose successor is gone takes no proposals for ever',
  },
  {
    name: 'log-time-falls',
    file: `${CORE}state.ts`,
    original: 'this.lastTimestampMs = Math.max(this.lastTimestampMs, nowMs);',
    replaced: 'this.lastTimestampMs = nowMs;',
    breaks: 'the time that the state machine goes by jumps back with a clock',
  },
  {
    name: 'leader-without-a-quorum-stays',
    file: `${CORE}replication.ts`,
    original: "  return active === 'won';",
    replaced: '  return active !== undefined;',
    breaks: 'a leader that nobody hears keeps its clients waiting',
  },
  {
    name: 'lost-append-is-never-repeated',
    file: `${CORE}progress.ts`,
    original: '    this.probeSent = false;\n    this.checkDue = true;\n',
    replaced: '',
    breaks: 'a follower whose append was lost waits for ever',
  },
  {
    name: 'lost-probe-is-repeated-only-for-entries',
    file: `${CORE}replication.ts`,
    original: "progress.matchIndex < state.log.lastIndex || progress.state === 'probe'",
    replaced: 'progress.matchIndex < state.log.lastIndex',
    breaks: 'a learner that has everything never becomes a voter while nothing is written',
  },
  {
    name: 'snapshot-over-a-newer-log',
    file: `${CORE}append.ts`,
    original: 'return index > log.commitIndex && !log.matches(index, term);',
    replaced: 'return index > log.commitIndex;',
    breaks: 'a log gives way to a snapshot that it holds, and with it what was acknowledged behind it',
  },
  {
    name: 'snapshot-installed-whatever-came-meanwhile',
    file: `${CORE}raft.ts`,
    original: '    return lacksSnapshot(this.#state, metadata);\n',
    replaced: '    return metadata.index > 0;\n',
    breaks: 'a snapshot that was fetched for long takes back what the log has got since',
  },
  {
    name: 'snapshot-loses-the-configuration',
    file: `${CORE}append.ts`,
    original: '  state.configurations.reset(metadata.configurationIndex, metadata.configuration);\n',
    replaced: '',
    breaks: 'who votes is what it was before the snapshot',
  },
  {
    name: 'commit-index-of-a-refused-append',
    file: `${CORE}append.ts`,
    original: '    reject(state, request);\n    return;\n',
    replaced:
      '    state.commitTo(Math.min(request.commitIndex, log.lastIndex));\n    reject(state, request);\n    return;\n',
    breaks: 'a follower commits beyond the last entry that matches',
  },
  {
    name: 'new-leader-rewrites-its-log',
    file: `${CORE}state.ts`,
    original: '    const firstIndex = this.log.lastIndex + 1;\n',
    replaced:
      "    const firstIndex = (payloads[0]?.kind === 'noop' ? this.log.commitIndex : this.log.lastIndex) + 1;\n    if (firstIndex <= this.log.lastIndex) this.log.truncateFrom(firstIndex);\n",
    breaks: 'a new leader drops what it does not know to be committed',
  },
];
