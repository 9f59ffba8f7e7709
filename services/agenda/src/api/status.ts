import type { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { ApplyLoop } from '../apply/apply-loop.ts';
import type { Attachment } from '../apply/attachment.ts';
import type { LeadershipWatch } from '../apply/leadership-watch.ts';
import type { Proposer } from '../proposals/proposer.ts';
import { StateMachine } from '../state-machine/machine.ts';

export interface StatusSources {
  readonly machine: Pick<StateMachine, 'lastApplied'>;
  readonly applyLoop: ApplyLoop;
  readonly attachment: Attachment;
  readonly leadership: LeadershipWatch;
  readonly proposer: Proposer;
}

export function statusHandlers(sources: StatusSources): Handlers<AgendaServiceService> {
  const { machine, applyLoop, attachment, leadership, proposer } = sources;
  return {
    getStatus: () => {
      const { index, term, digest } = machine.lastApplied();
      return {
        lastApplied: index,
        lastAppliedTerm: term,
        attached: attachment.attached,
        leaderId: leadership.current.leaderId,
        acceptsWrites: leadership.acceptsWrites && applyLoop.haltReason === undefined,
        featureLevel: StateMachine.featureLevel,
        digest,
        pendingProposals: proposer.pendingCount,
      };
    },
  };
}
