import type { ImportedComponent } from '@agenda/proto/agenda/v1/command';
import type { ImportAnswer } from '../schemas/calendars.ts';
import { orNull } from './values.ts';

export function importView(components: readonly ImportedComponent[]): ImportAnswer {
  const taken = components.filter(({ appointmentId }) => appointmentId !== '').length;
  return {
    taken,
    skipped: components.length - taken,
    components: components.map(({ icalUid, appointmentId, reason }) => ({
      uid: orNull(icalUid),
      appointmentId: orNull(appointmentId),
      reason: orNull(reason),
    })),
  };
}
