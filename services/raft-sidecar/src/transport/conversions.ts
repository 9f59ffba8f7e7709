/** The one place where the words of the core and those of the wire meet. */
import type {
  Configuration as WireConfiguration,
  Entry as WireEntry,
  SnapshotMetadata as WireSnapshotMetadata,
} from '@agenda/proto/raft/v1/entry';
import type { Message as WireMessage } from '@agenda/proto/raft/v1/peer';
import type { Configuration, Entry, MemberId, Message, Payload, SnapshotMetadata } from '../core/types.ts';

const EMPTY = new Uint8Array(0);

export function configurationToWire(configuration: Configuration): WireConfiguration {
  return {
    voters: [...configuration.voters],
    votersOutgoing: [...configuration.votersOutgoing],
    learners: [...configuration.learners],
    learnersNext: [...configuration.learnersNext],
    autoLeave: configuration.autoLeave,
    featureLevel: configuration.featureLevel ?? 0,
  };
}

export function configurationFromWire(wire: WireConfiguration): Configuration {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave, featureLevel } = wire;
  const configuration = { voters, votersOutgoing, learners, learnersNext, autoLeave };
  return featureLevel === 0 ? configuration : { ...configuration, featureLevel };
}

export function entryToWire({ index, term, timestampMs, payload }: Entry): WireEntry {
  return { index, term, timestampMs, payload: payloadToWire(payload) };
}

function payloadToWire(payload: Payload): WireEntry['payload'] {
  switch (payload.kind) {
    case 'noop':
      return undefined;
    case 'command':
      return { $case: 'command', value: payload.data };
    case 'checkpoint':
      return { $case: 'checkpoint', value: payload.data };
    case 'configuration':
      return { $case: 'configuration', value: configurationToWire(payload.configuration) };
  }
}

export function entryFromWire({ index, term, timestampMs, payload }: WireEntry): Entry {
  return { index, term, timestampMs, payload: payloadFromWire(payload) };
}

function payloadFromWire(payload: WireEntry['payload']): Payload {
  switch (payload?.$case) {
    case undefined:
      return { kind: 'noop' };
    case 'command':
      return { kind: 'command', data: payload.value };
    case 'checkpoint':
      return { kind: 'checkpoint', data: payload.value };
    case 'configuration':
      return { kind: 'configuration', configuration: configurationFromWire(payload.value) };
  }
}

/** The digest is the state machine's and unknown to the core. */
export function snapshotToWire(metadata: SnapshotMetadata, digest: Uint8Array = EMPTY): WireSnapshotMetadata {
  const { index, term, timestampMs, configuration, configurationIndex } = metadata;
  return {
    index,
    term,
    timestampMs,
    configuration: configurationToWire(configuration),
    configurationIndex,
    digest,
  };
}

/** Undefined: it names no configuration, so it is none of ours. */
export function snapshotFromWire(wire: WireSnapshotMetadata | undefined): SnapshotMetadata | undefined {
  if (!wire?.configuration) return undefined;
  const { index, term, timestampMs, configurationIndex } = wire;
  return {
    index,
    term,
    timestampMs,
    configuration: configurationFromWire(wire.configuration),
    configurationIndex,
  };
}

export function messageToWire(message: Message): WireMessage {
  return { from: message.from, to: message.to, term: message.term, body: bodyToWire(message) };
}

function bodyToWire(message: Message): WireMessage['body'] {
  switch (message.kind) {
    case 'preVoteRequest':
      return {
        $case: 'preVoteRequest',
        value: { lastIndex: message.lastIndex, lastTerm: message.lastTerm },
      };
    case 'preVoteResponse':
      return { $case: 'preVoteResponse', value: { granted: message.granted } };
    case 'voteRequest': {
      const { lastIndex, lastTerm, transfer } = message;
      return { $case: 'voteRequest', value: { lastIndex, lastTerm, transfer } };
    }
    case 'voteResponse':
      return { $case: 'voteResponse', value: { granted: message.granted } };
    case 'appendRequest': {
      const { prevIndex, prevTerm, entries, commitIndex, round } = message;
      const wireEntries = entries.map(entryToWire);
      return {
        $case: 'appendRequest',
        value: { prevIndex, prevTerm, entries: wireEntries, commitIndex, round },
      };
    }
    case 'appendResponse': {
      const { index, rejected, hintIndex, hintTerm, round } = message;
      return { $case: 'appendResponse', value: { index, rejected, hintIndex, hintTerm, round } };
    }
    case 'heartbeatRequest':
      return {
        $case: 'heartbeatRequest',
        value: { commitIndex: message.commitIndex, round: message.round },
      };
    case 'heartbeatResponse':
      return { $case: 'heartbeatResponse', value: { round: message.round } };
    case 'snapshotOffer':
      return { $case: 'snapshotOffer', value: { metadata: snapshotToWire(message.metadata) } };
    case 'snapshotResponse':
      return { $case: 'snapshotResponse', value: { index: message.index, rejected: message.rejected } };
    case 'timeoutNow':
      return { $case: 'timeoutNow', value: {} };
  }
}

/** Undefined: a kind of message that this version does not know, or one that lacks what it must have. */
export function messageFromWire({ from, to, term, body }: WireMessage): Message | undefined {
  const envelope = { from, to, term };
  switch (body?.$case) {
    case undefined:
      return undefined;
    case 'appendRequest':
      return {
        kind: 'appendRequest',
        ...envelope,
        ...body.value,
        entries: body.value.entries.map(entryFromWire),
      };
    case 'snapshotOffer': {
      const metadata = snapshotFromWire(body.value.metadata);
      return metadata && { kind: 'snapshotOffer', ...envelope, metadata };
    }
    case 'timeoutNow':
      return { kind: 'timeoutNow', ...envelope };
    case 'preVoteRequest':
      return { kind: 'preVoteRequest', ...envelope, ...body.value };
    case 'preVoteResponse':
      return { kind: 'preVoteResponse', ...envelope, ...body.value };
    case 'voteRequest':
      return { kind: 'voteRequest', ...envelope, ...body.value };
    case 'voteResponse':
      return { kind: 'voteResponse', ...envelope, ...body.value };
    case 'appendResponse':
      return { kind: 'appendResponse', ...envelope, ...body.value };
    case 'heartbeatRequest':
      return { kind: 'heartbeatRequest', ...envelope, ...body.value };
    case 'heartbeatResponse':
      return { kind: 'heartbeatResponse', ...envelope, ...body.value };
    case 'snapshotResponse':
      return { kind: 'snapshotResponse', ...envelope, ...body.value };
  }
}

const MEMBER_SEPARATOR = '#';

export function memberIdOf(nodeId: string, instanceId: string): MemberId {
  return `${nodeId}${MEMBER_SEPARATOR}${instanceId}`;
}

/** NODE_ID of a member. */
export function nodeIdOf(memberId: MemberId): string {
  const at = memberId.indexOf(MEMBER_SEPARATOR);
  return at < 0 ? memberId : memberId.slice(0, at);
}
