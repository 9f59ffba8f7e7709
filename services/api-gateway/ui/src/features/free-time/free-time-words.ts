/** What is said about free times, and about there being none. Pure. */

import type { FreeSlot } from '../../api/free-time-api.ts';
import type { Group } from '../../api/groups-api.ts';
import { nameOf } from '../../api/people-api.ts';
import { ApiError, explain } from '../../api/problem.ts';
import { membersText } from '../groups/group-rules.ts';
import { durationOf, type FreeTimeForm } from './free-time-form.ts';

const MINUTES_A_DAY = 1_440;
/** Fewer days than these may be too few. */
const MANY_DAYS = 28;
const DAY_MS = 86_400_000;
/** A meeting that is not longer can hardly be made shorter. */
const SHORT_MINUTES = 15;

/** "1 hour 30 minutes". */
export function durationText(minutes: number): string {
  if (minutes === MINUTES_A_DAY) return '1 day';
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [counted(hours, 'hour'), counted(rest, 'minute')].filter((part) => part !== '').join(' ');
}

function counted(count: number, unit: string): string {
  if (count === 0) return '';
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`;
}

/** "You, all of Kitchen (3 members) and Ben Okoro; if they can, Cleo Martín". */
export function peopleText({ people, optional }: FreeTimeForm, group: Group | undefined): string {
  const must = [
    'You',
    ...(group === undefined ? [] : [`all of ${group.name} (${membersText(group.memberCount)})`]),
    ...people.map(nameOf),
  ];
  const may = optional.length === 0 ? '' : `; if they can, ${listed(optional.map(nameOf))}`;
  return `${listed(must)}${may}`;
}

export interface SlotWords {
  /** A sentence. */
  readonly reason: string;
  /** Who of the optional people cannot come; empty: they all can. */
  readonly without: string;
}

/** @param form To which it is an answer. */
export function slotWords({ missingUserIds }: FreeSlot, form: FreeTimeForm): SlotWords {
  const missing = form.optional.filter(({ id }) => missingUserIds.includes(id));
  if (missing.length > 0)
    return {
      reason: hasOthers(form) ? 'All who have to come are free.' : 'You are free.',
      without: `Without ${listed(missing.map(nameOf))}.`,
    };
  if (form.optional.length > 0) return { reason: 'Everybody is free, the optional too.', without: '' };
  return { reason: hasOthers(form) ? 'Everybody is free.' : 'You are free.', without: '' };
}

/** Somebody has to come beside the viewer. */
function hasOthers({ people, groupId }: FreeTimeForm): boolean {
  return people.length > 0 || groupId !== null;
}

/** Why there may be no time, as what to do about it. */
export function emptyText(form: FreeTimeForm): string {
  const minutes = durationOf(form) ?? 0;
  const days = (Date.parse(form.lastDay) - Date.parse(form.firstDay)) / DAY_MS + 1;
  const others = hasOthers(form);
  const advice = [
    ...(minutes > SHORT_MINUTES ? ['make it shorter'] : []),
    ...(days < MANY_DAYS ? ['look through more days'] : []),
    ...(form.anyHour ? [] : ['allow other hours']),
    ...(form.bufferMinutes > 0 ? ['ask for less time before and after'] : []),
    ...(others ? ['let somebody be optional'] : []),
  ];
  const said = `There is no time in these days at which ${others ? 'all are' : 'you are'} free for ${durationText(minutes)}.`;
  return advice.length === 0 ? said : `${said} You could ${listed(advice, 'or')}.`;
}

/** Why nothing was found out, with the names of those whom it is about. */
export function failureText(failure: unknown, form: FreeTimeForm): string {
  if (!(failure instanceof ApiError)) return explain(failure);
  const hidden = [...form.people, ...form.optional].filter(({ id }) => failure.problem.detail.includes(id));
  if (failure.code === 'forbidden' && hidden.length > 0) {
    const names = listed(hidden.map(nameOf));
    const [them, agendas] = hidden.length === 1 ? ['this person', 'agenda'] : ['these people', 'agendas'];
    return `You share no group with ${names}, so you cannot ask when they are free. Take ${them} away, or be in a group together to see each other’s ${agendas}.`;
  }
  if (failure.code === 'not_found') return 'You are no longer in that group. Choose another one, or people.';
  if (failure.fields.length > 0)
    return failure.fields.map(({ path, message }) => `${path} ${message}`).join('; ');
  return explain(failure);
}

/** "a, b and c". */
export function listed(words: readonly string[], joint: 'and' | 'or' = 'and'): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${joint} ${words.at(-1)}`;
}
