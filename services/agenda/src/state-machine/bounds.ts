/** How much the people of the agenda may do; each refusal says which bound it met. */

/** Group members and others, all together, without the owner. Who joins a group later is not kept out by it. */
export const PARTICIPANTS_MAX = 200;
export const GROUP_MEMBERS_MAX = 200;
export const GROUPS_PER_USER_MAX = 200;
/** Of one group, not over yet. */
export const GROUP_APPOINTMENTS_FUTURE_MAX = 500;
/** Participants of a group's future appointments: whoever joins or leaves changes each of them in one command. */
export const GROUP_PLACES_MAX = 20_000;
/** The same, times occurrences. */
export const GROUP_ENTRIES_MAX = 200_000;
/** People times occurrences that one command writes. */
export const ENTRIES_PER_COMMAND_MAX = 50_000;
/** What is in the trash can be restored for so long. */
export const TRASH_MS = 30 * 86_400_000;
