/** What a viewer may see of an appointment: the one rule that every path asks (design §5, "privacy"). */
import { Appointment, Privacy } from '@agenda/proto/agenda/v1/model';

/** `busy`: only that the time is taken. `none`: not even that the appointment exists. */
export type Detail = 'all' | 'busy' | 'none';

/** How a viewer stands to an appointment. */
export interface Relation {
  readonly owns: boolean;
  /** Whatever the answer was. */
  readonly participates: boolean;
  /** Is in a group that counts: the appointment's own; for a personal one, any that the owner is in too. */
  readonly sharesGroup: boolean;
  /** Has a strictly higher rank than the owner in such a group. */
  readonly outranks: boolean;
  /** It stands in the agenda of someone whose agenda the viewer may look at. */
  readonly inSight: boolean;
}

export function detailFor(relation: Relation, privacy: Privacy): Detail {
  if (relation.owns || relation.participates || relation.outranks) return 'all';
  if (relation.sharesGroup) return privacy === Privacy.PRIVACY_FULL ? 'all' : 'busy';
  return relation.inSight ? 'busy' : 'none';
}

/** All that may be known of it. */
export function busyAppointment(startMs: number, endMs: number): Appointment {
  return Appointment.fromPartial({ startMs, endMs, busyOnly: true });
}
