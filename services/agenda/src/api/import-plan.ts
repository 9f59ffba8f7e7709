/** From a calendar file to commands: what is taken, what is skipped, and why. Nothing is proposed here. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  AppointmentFields,
  type CreateAppointment,
  type ImportedComponent,
} from '@agenda/proto/agenda/v1/command';
import { Privacy } from '@agenda/proto/agenda/v1/model';
import { uuidv7 } from '@agenda/service-kit/ids';
import { type CalendarEvent, readEvent, uidOf } from '../calendar/icalendar-event.ts';
import {
  type CalendarText,
  nameOfLine,
  type TextComponent,
  valueOfLine,
} from '../calendar/icalendar-text.ts';
import { type ZonesOfFile, zoneOf, zonesOf } from '../calendar/icalendar-zones.ts';
import { appointmentErrors } from '../state-machine/validate.ts';
import { expandFields } from './occurrences.ts';

/** Of one file; the rest is reported as skipped. */
export const IMPORTED_EVENTS_MAX = 2_000;
export const IMPORTED_OCCURRENCES_MAX = 20_000;
/** What all rules of one file may take to follow, on this machine. */
const EXPANSION_MS_MAX = 2_000;
/** Events that are read before others get their turn. */
const EVENTS_PER_TURN = 20;
/** Of one command: a bound by the file's own text, so that a retry makes the same commands. */
const EVENTS_PER_COMMAND = 40;
const CHARACTERS_PER_COMMAND = 100_000;
const CHARACTERS_PER_SERIES_MAX = 250_000;

/** One line of the report, in the order of the file; filled in by what apply says if there is a command for it. */
export interface PlannedComponent {
  readonly icalUid: string;
  /** Empty: nothing to say. Otherwise why it is skipped, or what was understood otherwise than it was meant. */
  readonly reason: string;
  readonly create: CreateAppointment | undefined;
}

export interface ImportPlan {
  readonly components: readonly PlannedComponent[];
  /** An override is in the command of its series. */
  readonly commands: readonly (readonly PlannedComponent[])[];
}

interface Owner {
  readonly userId: string;
  readonly timeZone: string;
}

export async function planImport(file: CalendarText, owner: Owner, nowMs: number): Promise<ImportPlan> {
  const context = { zones: zonesOf(file.components), defaultZone: '' };
  context.defaultZone = zoneOfFile(file, context.zones) ?? owner.timeZone;
  const planner = new Planner(owner.userId, nowMs);
  let read = 0;
  for (const component of file.components) {
    if (component.kind === 'VTIMEZONE') continue;
    planner.add(
      component,
      component.kind === 'VEVENT' ? readEvent(component, context) : noAppointment(component),
    );
    if (++read % EVENTS_PER_TURN === 0) await nextTurn();
  }
  return planner.plan();
}

function noAppointment({ kind }: TextComponent): { readonly problem: string } {
  return { problem: `is a ${kind.slice(0, 50)}; only VEVENT is an appointment` };
}

/** X-WR-TIMEZONE: what the file's times mean that name no zone. */
function zoneOfFile({ properties }: CalendarText, zones: ZonesOfFile): string | undefined {
  const line = properties.find((candidate) => nameOfLine(candidate) === 'X-WR-TIMEZONE');
  return line === undefined ? undefined : zoneOf(valueOfLine(line).trim(), zones);
}

interface Found {
  readonly uid: string;
  readonly event: CalendarEvent | undefined;
  readonly characters: number;
  reason: string;
  create: CreateAppointment | undefined;
}

/** What belongs to one UID: the series, or what happens once, and what is changed of single occurrences. */
interface Family {
  readonly master: Found | undefined;
  readonly overrides: readonly Found[];
}

class Planner {
  readonly #ownerId: string;
  readonly #nowMs: number;
  readonly #found: Found[] = [];
  #events = 0;
  #occurrences = 0;
  #expansionMs = 0;

  constructor(ownerId: string, nowMs: number) {
    this.#ownerId = ownerId;
    this.#nowMs = nowMs;
  }

  add(component: TextComponent, read: CalendarEvent | { readonly problem: string }): void {
    const event = 'problem' in read ? undefined : read;
    const tooMany = event !== undefined && ++this.#events > IMPORTED_EVENTS_MAX;
    this.#found.push({
      uid: event?.uid ?? uidOf(component),
      event: tooMany ? undefined : event,
      characters: component.lines.reduce((sum, line) => sum + line.length, 0),
      reason: tooMany
        ? `more than ${IMPORTED_EVENTS_MAX} events; import the rest as another file`
        : reasonOf(read),
      create: undefined,
    });
  }

  async plan(): Promise<ImportPlan> {
    const commands: PlannedComponent[][] = [];
    let characters = 0;
    let planned = 0;
    for (const family of this.#families()) {
      this.#decide(family);
      if (++planned % EVENTS_PER_TURN === 0) await nextTurn();
      const members = [...(family.master ? [family.master] : []), ...family.overrides];
      const taken = members.filter(({ create }) => create !== undefined);
      if (taken.length === 0) continue;
      const size = members.reduce((sum, member) => sum + member.characters, 0);
      const last = commands.at(-1);
      const fits =
        last &&
        last.length + members.length <= EVENTS_PER_COMMAND &&
        characters + size <= CHARACTERS_PER_COMMAND;
      if (fits) last.push(...taken.map(lineOf));
      else commands.push(taken.map(lineOf));
      characters = fits ? characters + size : size;
    }
    return { components: this.#found.map(lineOf), commands };
  }

  #families(): Family[] {
    const families = new Map<string, { master: Found | undefined; overrides: Found[] }>();
    for (const found of this.#found) {
      if (!found.event) continue;
      const family = families.get(found.uid) ?? { master: undefined, overrides: [] };
      families.set(found.uid, family);
      if (found.event.recurrenceStartMs !== undefined) family.overrides.push(found);
      else if (family.master) found.reason = 'its UID appears more than once in the file; the first is taken';
      else family.master = found;
    }
    return [...families.values()];
  }

  #decide({ master, overrides }: Family): void {
    const size = overrides.reduce((sum, { characters }) => sum + characters, master?.characters ?? 0);
    if (size > CHARACTERS_PER_SERIES_MAX) {
      const reason = `the series has ${size} characters; at most ${CHARACTERS_PER_SERIES_MAX} are taken`;
      for (const found of [...(master ? [master] : []), ...overrides]) found.reason = reason;
      return;
    }
    const changed = overrides.flatMap(({ event }) => event?.recurrenceStartMs ?? []);
    if (master) this.#create(master, changed, '');
    const recurs = master?.create?.fields?.recurrence !== undefined;
    for (const override of overrides) {
      if (override.event?.cancelled) {
        override.reason = 'cancelled: it is taken out of its series';
      } else if (master && !master.create) {
        override.reason = 'the series that it changes was not taken';
      } else {
        this.#create(override, [], recurs ? (master?.create?.appointmentId ?? '') : '');
      }
    }
  }

  #create(found: Found, changedMs: readonly number[], seriesId: string): void {
    const { event } = found;
    if (!event) return;
    if (event.cancelled) {
      found.reason = 'cancelled';
      return;
    }
    const fields = this.#expanded(fieldsOf(event, changedMs));
    if ('problem' in fields) {
      found.reason = fields.problem;
      return;
    }
    found.create = {
      appointmentId: uuidv7(),
      ownerId: this.#ownerId,
      groupId: '',
      fields,
      participants: [],
      allowConflict: true,
      seriesId,
      recurrenceStartMs: event.recurrenceStartMs ?? 0,
    };
  }

  #expanded(fields: AppointmentFields): AppointmentFields | { readonly problem: string } {
    const once = { ...fields, recurrence: undefined };
    const [wrong] = appointmentErrors(once, '');
    if (wrong) return { problem: `${wrong.path} ${wrong.message}` };
    if (!fields.recurrence) return once;
    if (this.#expansionMs > EXPANSION_MS_MAX || this.#occurrences > IMPORTED_OCCURRENCES_MAX)
      return { problem: 'the file has too much that recurs for one import; import the rest as another file' };
    const began = performance.now();
    const expanded = expandFields(fields, fields.recurrence, this.#nowMs);
    this.#expansionMs += performance.now() - began;
    if ('problem' in expanded) return { problem: `the rule ${expanded.problem}` };
    this.#occurrences += expanded.occurrences.length;
    return expanded;
  }
}

function reasonOf(read: CalendarEvent | { readonly problem: string }): string {
  return 'problem' in read ? read.problem : read.remarks.join('; ');
}

function lineOf({ uid, reason, create }: Found): PlannedComponent {
  return { icalUid: uid, reason, create };
}

function fieldsOf(event: CalendarEvent, changedMs: readonly number[]): AppointmentFields {
  const recurs = event.rule !== '' || event.addedMs.length > 0;
  return AppointmentFields.fromPartial({
    title: event.title,
    description: event.description,
    location: event.location,
    startMs: event.startMs,
    endMs: event.endMs,
    timeZone: event.timeZone,
    allDay: event.allDay,
    privacy: event.confidential ? Privacy.PRIVACY_FREEBUSY : Privacy.PRIVACY_FULL,
    reminderMinutes: [...event.reminderMinutes],
    icalUid: event.uid,
    icalExtra: event.extra,
    ...(recurs && {
      recurrence: {
        rule: event.rule,
        addedMs: [...event.addedMs],
        excludedMs: [...new Set([...event.excludedMs, ...changedMs])].sort((a, b) => a - b),
      },
    }),
  });
}

/** The report's line, with what apply made of it. */
export function reported(
  planned: PlannedComponent,
  applied: ImportedComponent | undefined,
): ImportedComponent {
  const { icalUid, reason } = planned;
  if (!applied) return { icalUid, appointmentId: '', reason: reason || 'skipped' };
  return applied.appointmentId === '' ? applied : { ...applied, reason };
}
