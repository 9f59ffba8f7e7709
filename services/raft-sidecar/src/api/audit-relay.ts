/**
 * Between the audit services of two pods, which reach nobody but their own sidecars (docs/adr/0012): one asks its sidecar,
 * that asks another member's, and that its own audit service.
 */
import type { AuditServiceService } from '@agenda/proto/audit/v1/audit';
import { remainingMs } from '@agenda/service-kit/deadline';
import { ServiceError, toServiceError } from '@agenda/service-kit/errors';
import type { UnaryClient } from '@agenda/service-kit/grpc-client';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import type { MemberId } from '../core/types.ts';

type LinksClient = Pick<UnaryClient<typeof AuditServiceService>, 'links'>;

/** On the peer port. */
export function auditOfThisPod(audit: LinksClient): Handlers<typeof AuditServiceService> {
  return {
    links: (request, context) => audit.links(request, { deadlineMs: remainingMs(context.deadlineAtMs) }),
  };
}

/** For the pod's own audit service. @param members the others, the most promising first. */
export function auditOfOthers(
  members: () => readonly MemberId[],
  auditOf: (member: MemberId) => LinksClient,
): Handlers<typeof AuditServiceService> {
  return {
    links: async (request, context) => {
      let failure = new ServiceError('unavailable', 'there is no other member', { nothingDone: true });
      for (const member of members())
        try {
          return await auditOf(member).links(request, { deadlineMs: remainingMs(context.deadlineAtMs) });
        } catch (error) {
          failure = toServiceError(error);
        }
      throw failure;
    },
  };
}
