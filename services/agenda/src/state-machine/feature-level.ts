/** Which version of the state machine a command needs at least (design §5, docs/adr/0009). */
import type { Command } from '@agenda/proto/agenda/v1/command';

export type CommandBody = NonNullable<Command['body']>;

/** The highest level whose commands this version can apply. */
export const FEATURE_LEVEL = 2;

/** Users, sessions, appointments of one person that happen once, notifications and node events. */
const FIRST_LEVEL: ReadonlySet<CommandBody['$case']> = new Set([
  'registerUser',
  'startSession',
  'refreshSession',
  'endSession',
  'updateProfile',
  'changePassword',
  'setUserRole',
  'createAppointment',
  'updateAppointment',
  'deleteAppointment',
  'markNotificationRead',
  'recordNodeEvents',
]);

/** Groups, invitations, recurrence, reminders, import, feeds and the trash came with level 2. */
export function featureLevelOf(body: CommandBody): number {
  if (!FIRST_LEVEL.has(body.$case)) return 2;
  switch (body.$case) {
    case 'createAppointment': {
      const { groupId, participants, seriesId, fields } = body.value;
      const more = groupId !== '' || participants.length > 0 || seriesId !== '' || goesBeyondOnce(fields);
      return more ? 2 : 1;
    }
    case 'updateAppointment': {
      const { participants, scope, fields } = body.value;
      return participants.length > 0 || scope !== 0 || goesBeyondOnce(fields) ? 2 : 1;
    }
    case 'deleteAppointment':
      return body.value.scope !== 0 ? 2 : 1;
    default:
      return 1;
  }
}

function goesBeyondOnce(
  fields: { readonly recurrence: unknown; readonly reminderMinutes: readonly number[] } | undefined,
): boolean {
  return fields !== undefined && (fields.recurrence !== undefined || fields.reminderMinutes.length > 0);
}
