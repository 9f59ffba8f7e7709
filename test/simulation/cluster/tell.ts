/** Messages in the trace, in a few words. */
import type { Message } from '../../../services/raft-sidecar/src/core/types.ts';

export function describeMessage(message: Message): string {
  return `${message.from} ${message.kind} t${message.term}${details(message)}`;
}

function details(message: Message): string {
  switch (message.kind) {
    case 'preVoteRequest':
    case 'voteRequest':
      return ` last ${message.lastIndex}/${message.lastTerm}`;
    case 'preVoteResponse':
    case 'voteResponse':
      return message.granted ? ' yes' : ' no';
    case 'appendRequest': {
      const { prevIndex, prevTerm, entries, commitIndex, round } = message;
      const held = entries.map(({ term }) => term).join();
      return ` behind ${prevIndex}/${prevTerm} [${held}] commit ${commitIndex} round ${round}`;
    }
    case 'appendResponse':
      return message.rejected
        ? ` no ${message.index} hint ${message.hintIndex}/${message.hintTerm}`
        : ` to ${message.index} round ${message.round}`;
    case 'heartbeatRequest':
      return ` commit ${message.commitIndex} round ${message.round}`;
    case 'heartbeatResponse':
      return ` round ${message.round}`;
    case 'snapshotOffer':
      return ` ${message.metadata.index}/${message.metadata.term}`;
    case 'snapshotResponse':
      return ` ${message.index}${message.rejected ? ' no' : ''}`;
    case 'timeoutNow':
      return '';
  }
}
