/** The people and appointments of the table, made by commands in the order in which it all would happen. */
import assert from 'node:assert/strict';
import {
  AppointmentField,
  type AppointmentFields,
  OccurrenceScope,
  type ParticipantChoice,
} from '@agenda/proto/agenda/v1/command';
import { GroupKind, ParticipantStatus, Privacy, type Span, UserRole } from '@agenda/proto/agenda/v1/model';
import {
  asked,
  type Body,
  bookWith,
  createGroup,
  DAY_MS,
  deleteAppointment,
  deleteGroup,
  fieldsOf,
  fireReminders,
  outcomeOf,
  putMember,
  removeMember,
  respond,
  setUserRole,
  startSession,
  TestLog,
  updateAppointment,
} from '../../state-machine/testing.ts';
import { MEMBERS, NAMES, OWNER, SUBJECTS, type Subject } from './table.ts';

const MINUTE_MS = 60_000;
const LENGTH_MS = 10 * MINUTE_MS;
/** From the start of one appointment to that of the next one: something is free between any two. */
const SLOT_MS = 20 * MINUTE_MS;
const REMINDER_MINUTES = 24 * 60;
/** Those of the test may do whatever this version can. */
const FEATURE_LEVEL = 2;
const { TITLE, DESCRIPTION, PARTICIPANTS } = {
  TITLE: AppointmentField.APPOINTMENT_FIELD_TITLE,
  DESCRIPTION: AppointmentField.APPOINTMENT_FIELD_DESCRIPTION,
  PARTICIPANTS: AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS,
};

/** Words that stand in one appointment and nowhere else. */
export interface Words {
  /** Before it was renamed. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Of what is not found, for comparison with what is hidden. */
export const NO_SUCH_ID = 'no-such-appointment';

export class PrivacyWorld {
  readonly log = new TestLog();
  /** Feeds show what is near, and no slot is free in the past: it is the log's clock by which all of it gets over. */
  readonly firstDayMs: number = (Math.floor(Date.now() / DAY_MS) + 20) * DAY_MS;
  readonly beforeMs: number = this.firstDayMs - 2 * DAY_MS;
  readonly overMs: number = this.firstDayMs + 4 * DAY_MS;

  constructor() {
    this.#until(this.beforeMs);
    for (const name of NAMES) this.log.register(name);
    this.#does('', setUserRole('operator', UserRole.USER_ROLE_OPERATOR));
    this.#foundGroups();
    for (const subject of SUBJECTS) if (subject.kind !== 'changed') this.#book(subject);
    this.#leave('flat', 'dropout');
    this.#leave('ranked', 'exsuperior');
    for (const subject of SUBJECTS) if (subject.kind !== 'changed') this.#rename(subject);
    for (const subject of SUBJECTS) if (subject.kind === 'changed') this.#setApart(subject);
    for (const { id, kind } of SUBJECTS) if (kind === 'trashed') this.#does(OWNER, deleteAppointment(id));
    this.#remind();
    this.#until(this.overMs);
    this.#joinAndLeave();
    for (const name of NAMES) this.#does('', startSession(sessionOf(name), userOf(name)));
  }

  /** Where it stands in agendas; of what is deleted, where it would stand. */
  spansOf({ id, kind, place, hidden }: Subject): Span[] {
    const slots = SUBJECTS.filter((one) => one.kind !== 'changed');
    const own = kind === 'changed' ? `${place}-${hidden ? 'hidden' : 'open'}-series` : id;
    const slot = slots.findIndex((one) => one.id === own);
    const days = { single: [0], series: [0, 2], changed: [1], trashed: [0] }[kind];
    return days.map((day) => spanAt(this.firstDayMs + day * DAY_MS + slot * SLOT_MS));
  }

  wordsOf({ id, kind }: Subject): Words {
    const number = String(SUBJECTS.findIndex((one) => one.id === id)).padStart(2, '0');
    const after = [`zither${number}`, `quartz${number}`];
    return { before: kind === 'changed' ? [] : [`xylophone${number}`, `basalt${number}`], after };
  }

  #does(name: string, body: Body): void {
    const actor = name === '' ? '' : userOf(name);
    const outcome = outcomeOf(this.log.apply(body, { actor, featureLevel: FEATURE_LEVEL }));
    assert.match(
      outcome,
      /^(appointment|done|group|member|session|user)$/,
      `${body.$case} came out as ${outcome}`,
    );
  }

  #until(atMs: number): void {
    this.log.passTime(atMs - this.log.nowMs);
  }

  #leave(group: string, name: string): void {
    this.#does(name, removeMember(`g-${group}`, userOf(name)));
  }

  #foundGroups(): void {
    const flat = GroupKind.GROUP_KIND_NON_HIERARCHICAL;
    for (const group of ['flat', 'gone']) this.#does(OWNER, createGroup(`g-${group}`, flat));
    for (const name of ['member', 'former', 'dropout', 'leaver'])
      this.#does(OWNER, putMember('g-flat', userOf(name)));
    this.#does(OWNER, putMember('g-gone', userOf('member')));
    this.#leave('flat', 'former');
    this.#does('acquaintance', createGroup('g-other', flat));
    this.#does('acquaintance', putMember('g-other', userOf(OWNER)));
    const hierarchical = GroupKind.GROUP_KIND_HIERARCHICAL;
    this.#does('boss', createGroup('g-side', hierarchical));
    this.#does('boss', putMember('g-side', userOf('required'), 100));
    this.#does('superior', createGroup('g-ranked', hierarchical));
    for (const [name, rank] of [
      [OWNER, 500],
      ['exsuperior', 800],
      ['equal', 500],
      ['subordinate', 100],
    ] as const)
      this.#does('superior', putMember('g-ranked', userOf(name), rank));
  }

  #book(subject: Subject): void {
    const { id, place } = subject;
    const first = this.spansOf(subject)[0] as Span;
    const groupId = place === 'personal' ? '' : `g-${place}`;
    const participants = [...INVITED, ...asked(userOf('uninvited'))];
    const [title, description] = this.wordsOf(subject).before as [string, string];
    const fields = { ...this.#fieldsOf(subject), title, description };
    this.#does(
      OWNER,
      bookWith(id, userOf(OWNER), first.startMs, first.endMs, { groupId, fields, participants }),
    );
    for (const [name, status] of [
      ['required', ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED],
      ['optional', ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED],
      ['tentative', ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE],
      ['declined', ParticipantStatus.PARTICIPANT_STATUS_DECLINED],
    ] as const)
      this.#does(name, respond(id, userOf(name), status));
  }

  #fieldsOf(subject: Subject): AppointmentFields {
    const { startMs, endMs } = this.spansOf(subject)[0] as Span;
    const once = {
      ...fieldsOf(startMs, endMs),
      privacy: subject.hidden ? Privacy.PRIVACY_FREEBUSY : Privacy.PRIVACY_FULL,
      reminderMinutes: [REMINDER_MINUTES],
    };
    if (subject.kind !== 'series') return once;
    return {
      ...once,
      recurrence: { rule: 'FREQ=DAILY;COUNT=3', addedMs: [], excludedMs: [] },
      occurrences: [0, 1, 2].map((day) => spanAt(startMs + day * DAY_MS)),
      expandedUntilMs: startMs + 3 * DAY_MS,
    };
  }

  /** In one command, so that what is told to who is no longer asked must be told with care. */
  #rename(subject: Subject): void {
    const [title, description] = this.wordsOf(subject).after as [string, string];
    const fields = { ...this.#fieldsOf(subject), title, description };
    const changed = [TITLE, DESCRIPTION, PARTICIPANTS];
    this.#does(OWNER, updateAppointment(subject.id, { fields, changed, participants: INVITED }));
  }

  /** The second day of the series. */
  #setApart(subject: Subject): void {
    const { startMs, endMs } = this.spansOf(subject)[0] as Span;
    const [title, description] = this.wordsOf(subject).after as [string, string];
    this.#does(
      OWNER,
      updateAppointment(subject.id.replace('changed', 'series'), {
        fields: { ...fieldsOf(startMs, endMs, title), description },
        changed: [TITLE, DESCRIPTION, PARTICIPANTS],
        participants: [...INVITED, ...asked(userOf('guest'))],
        scope: OccurrenceScope.OCCURRENCE_SCOPE_THIS,
        recurrenceStartMs: startMs,
        splitAppointmentId: subject.id,
      }),
    );
  }

  #remind(): void {
    for (const day of [0, 1]) {
      this.#until(this.firstDayMs + day * DAY_MS);
      for (const subject of SUBJECTS) {
        const [first] = this.spansOf(subject) as [Span];
        const due = {
          appointmentId: subject.id,
          minutes: REMINDER_MINUTES,
          occurrenceStartMs: first.startMs,
          version: 0,
        };
        this.#does('', fireReminders(due));
      }
    }
  }

  #joinAndLeave(): void {
    for (const group of ['g-flat', 'g-gone']) this.#does(OWNER, putMember(group, userOf('newcomer')));
    for (const [name, rank] of [
      ['newsuperior', 900],
      ['newequal', 500],
      ['newsubordinate', 100],
    ] as const)
      this.#does('superior', putMember('g-ranked', userOf(name), rank));
    this.#leave('flat', 'leaver');
    this.#does(OWNER, deleteGroup('g-gone'));
  }
}

const INVITED: ParticipantChoice[] = [
  ...asked(...['required', 'waiting', 'tentative', 'declined'].map(userOf)),
  { userId: userOf('optional'), optional: true },
];

/** As TestLog.register names them. */
export function userOf(name: string): string {
  return `u-${name}`;
}

export function sessionOf(name: string): string {
  return `s-${name}`;
}

/** The groups that somebody is in now. */
export function groupsOf(name: string): string[] {
  return Object.entries(MEMBERS).flatMap(([group, names]) => (names.includes(name) ? [group] : []));
}

function spanAt(startMs: number): Span {
  return { startMs, endMs: startMs + LENGTH_MS };
}
