import type { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { AuditEvent } from '@agenda/proto/audit/v1/audit';
import { encodeMessage } from '@agenda/proto/encode';
import { type FieldError, ServiceError } from '@agenda/service-kit/errors';
import type { Handlers } from '@agenda/service-kit/grpc-server';
import { callerOf } from './callers.ts';
import { assertValid } from './invalid.ts';
import { outcomeOf } from './outcomes.ts';
import { type Writes, writeAs } from './writes.ts';

const EVENTS_MAX = 500;
/** Encoded. */
const EVENT_BYTES_MAX = 8 * 1024;
const EVENT_ID_BYTES = 16;

/** How the pod's audit service gets node events into the log. */
export function nodeEventHandlers(writes: Writes): Handlers<AgendaServiceService> {
  return {
    recordNodeEvents: async ({ context, events }, call) => {
      const caller = callerOf(context);
      if (caller.userId !== '')
        throw new ServiceError('forbidden', 'node events come from nodes, never in the name of a user');
      const count = events.length;
      assertValid(
        count >= 1 && count <= EVENTS_MAX
          ? []
          : [{ path: 'events', message: `must be 1 to ${EVENTS_MAX}, but are ${count}` }],
        events.slice(0, EVENTS_MAX).flatMap(eventErrors),
      );
      const write = writeAs(context, caller, call);
      const result = await writes.submit(write, { $case: 'recordNodeEvents', value: { events } });
      outcomeOf(result, 'done');
      return { index: result.index };
    },
  };
}

function eventErrors(event: AuditEvent, position: number): FieldError[] {
  const errors: FieldError[] = [];
  if (event.id.length !== EVENT_ID_BYTES)
    errors.push({ path: `events.${position}.id`, message: `must be ${EVENT_ID_BYTES} bytes` });
  if (event.action === '') errors.push({ path: `events.${position}.action`, message: 'is missing' });
  if (encodeMessage(AuditEvent, event).length > EVENT_BYTES_MAX)
    errors.push({ path: `events.${position}`, message: `must have at most ${EVENT_BYTES_MAX} bytes` });
  return errors;
}
