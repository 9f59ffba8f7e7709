/** How messages, entries and effects read in a trace. An entry is `index@term`. */
import type {
  Configuration,
  Entry,
  HardState,
  Message,
  Ready,
} from '../../services/raft-sidecar/src/core/types.ts';

export function describeEntry({ index, term, payload }: Entry): string {
  const what =
    payload.kind === 'configuration'
      ? describeConfiguration(payload.configuration)
      : 'data' in payload
        ? new TextDecoder().decode(payload.data)
        : payload.kind;
  return `${index}@${term} ${what}`;
}

/** `{a b c}`; joint `{a b d}&{a b c}`; learners `+{d}`, those to be after a joint change `+next{c}`. */
export function describeConfiguration(configuration: Configuration): string {
  const { voters, votersOutgoing, learners, learnersNext } = configuration;
  const group = (prefix: string, ids: readonly string[]): string =>
    ids.length > 0 ? `${prefix}{${ids.join(' ')}}` : '';
  return `{${voters.join(' ')}}${group('&', votersOutgoing)}${group('+', learners)}${group('+next', learnersNext)}`;
}

export function describeMessage(message: Message): string {
  const { from, to, term } = message;
  return `${from}->${to} ${message.kind} term ${term}${detailsOf(message)}`;
}

function detailsOf(message: Message): string {
  switch (message.kind) {
    case 'preVoteRequest':
      return `, log ends ${message.lastIndex}@${message.lastTerm}`;
    case 'voteRequest':
      return `, log ends ${message.lastIndex}@${message.lastTerm}${message.transfer ? ', by transfer' : ''}`;
    case 'preVoteResponse':
    case 'voteResponse':
      return message.granted ? ': yes' : ': no';
    case 'appendRequest': {
      const entries = message.entries.map(describeEntry).join(', ');
      return `, after ${message.prevIndex}@${message.prevTerm} [${entries}], commit ${message.commitIndex}`;
    }
    case 'appendResponse':
      if (!message.rejected) return `: has ${message.index}`;
      return `: no match at ${message.index}, try ${message.hintIndex}@${message.hintTerm}`;
    case 'heartbeatRequest':
      return `, commit ${message.commitIndex}, round ${message.round}`;
    case 'heartbeatResponse':
      return `, round ${message.round}`;
    case 'snapshotOffer':
      return `, at ${message.metadata.index}@${message.metadata.term}`;
    case 'snapshotResponse':
      return `, at ${message.index}${message.rejected ? ': failed' : ''}`;
    case 'timeoutNow':
      return '';
  }
}

/** What a member shows of itself before and after. */
export interface Face {
  readonly role: string;
  readonly leader: string;
  readonly term: number;
  readonly commitIndex: number;
  readonly configuration: Configuration;
}

export function describeChange(id: string, before: Face, after: Face): string[] {
  const lines: string[] = [];
  if (before.role !== after.role || before.leader !== after.leader || before.term !== after.term) {
    const follows =
      after.role === 'follower' ? `, ${after.leader ? `follows ${after.leader}` : 'knows no leader'}` : '';
    lines.push(`${id} is ${after.role} in term ${after.term}${follows}`);
  }
  const configuration = describeConfiguration(after.configuration);
  if (configuration !== describeConfiguration(before.configuration))
    lines.push(`${id} is under ${configuration}`);
  if (before.commitIndex !== after.commitIndex) lines.push(`${id} commits up to ${after.commitIndex}`);
  return lines;
}

/** Only what reaches the disk and counts as a promise: a vote, and entries. */
export function describeWrite(
  id: string,
  before: HardState,
  { hardState, entries }: Ready,
  lastIndex: number,
): string[] {
  const lines: string[] = [];
  if (
    hardState &&
    hardState.votedFor !== '' &&
    (hardState.votedFor !== before.votedFor || hardState.term !== before.term)
  )
    lines.push(`${id} votes for ${hardState.votedFor} in term ${hardState.term}`);
  const [first] = entries;
  if (!first) return lines;
  const how = first.index <= lastIndex ? `replaces all from ${first.index} by` : 'writes';
  return [...lines, `${id} ${how} ${entries.map(describeEntry).join(', ')}`];
}

/** What is handed out. */
export function describeOutcome(id: string, ready: Ready): string[] {
  const { committed, readStates, readsAborted, snapshotToFetch } = ready;
  return [
    ...(committed.length > 0 ? [`${id} applies ${committed.map(describeEntry).join(', ')}`] : []),
    ...readStates.map(({ requestId, index }) => `${id} may serve read ${requestId} at ${index}`),
    ...readsAborted.map((requestId) => `${id} aborts read ${requestId}`),
    ...(snapshotToFetch
      ? [`${id} is to fetch snapshot ${snapshotToFetch.metadata.index} from ${snapshotToFetch.from}`]
      : []),
  ];
}
