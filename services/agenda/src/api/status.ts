import type { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { Replica } from '../apply/replica.ts';
import type { Proposer } from '../proposals/proposer.ts';
import { StateMachine } from '../state-machine/machine.ts';

export interface StatusSources {
  readonly replica: Replica;
  readonly proposer: Proposer;
}

export function statusHandlers(sources: StatusSources): Handlers<AgendaServiceService> {
  const { proposer } = sources;
  const { machine, position, attachment, leadership } = sources.replica;
  return {
    getStatus: () => {
      const { index, term, digest } = machine.lastApplied();
      return {
        lastApplied: index,
        lastAppliedTerm: term,
        attached: attachment.attached,
        leaderId: leadership.current.leaderId,
        acceptsWrites: leadership.acceptsWrites && position.failure === undefined,
        featureLevel: StateMachine.featureLevel,
        digest,
        pendingProposals: proposer.pendingCount,
      };
    },
  };
}
