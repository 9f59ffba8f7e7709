/** Random histories of commands that meet: few people, ids and times. */
import {
  AppointmentField,
  type AppointmentFields,
  type CreateAppointment,
  OccurrenceScope,
  type ParticipantChoice,
} from '@agenda/proto/agenda/v1/command';
import { GroupKind, ParticipantStatus, UserRole } from '@agenda/proto/agenda/v1/model';
import { AuditEvent } from '@agenda/proto/audit/v1/audit';
import fc from 'fast-check';
import type { AppliedEntry } from '../machine.ts';
import {
  type Body,
  bookWith,
  changePassword,
  createAppointment,
  createGroup,
  DAY_MS,
  deleteAppointment,
  deleteGroup,
  endSession,
  fieldsOf,
  fireReminders,
  HOUR_MS,
  handOver,
  markNotificationRead,
  moveAppointment,
  purgeDeleted,
  putMember,
  refreshSession,
  registerUser,
  removeMember,
  respond,
  restoreAppointment,
  setUserRole,
  startSession,
  TestLog,
  updateAppointment,
  updateGroup,
  updateProfile,
} from '../testing.ts';

const KINDS = [
  'register',
  'book',
  'move',
  'retitle',
  'delete',
  'start',
  'refresh',
  'end',
  'password',
  'profile',
  'role',
  'read',
  'node',
  'found',
  'rename',
  'dissolve',
  'member',
  'dismiss',
  'handOver',
  'call',
  'invite',
  'reinvite',
  'relocate',
  'answer',
  'restore',
  'purge',
  'feed',
  'import',
  'callSeries',
  'changeOne',
  'changeFollowing',
  'deleteOne',
  'deleteFollowing',
  'extend',
  'fire',
] as const;

/** Few names, ids and times, so that commands meet: conflicts, repetitions, ended sessions. */
export interface Action {
  readonly kind: (typeof KINDS)[number];
  readonly person: string;
  readonly other: string;
  readonly startH: number;
  readonly hours: number;
  readonly id: number;
  readonly commandId: number;
  readonly withSession: boolean;
  readonly fits: boolean;
  /** Of the series that it fits. */
  readonly version: number;
  /** Of log time, before the command. */
  readonly passMs: number;
}

const BODIES: Readonly<Record<Action['kind'], (action: Action) => Body>> = {
  register: ({ person, id }) => registerUser(person, id % 2 ? `e${id % 3}@example.org` : ''),
  book: ({ person, id, ...action }) =>
    createAppointment(`a${id}`, `u-${person}`, ...rangeOf(action), action.hours % 2 === 0),
  move: ({ id, ...action }) => moveAppointment(`a${id}`, ...rangeOf(action), action.hours % 2 === 0),
  retitle: ({ id, hours }) => updateAppointment(`a${id}`, { expectedVersion: hours }),
  delete: ({ id }) => deleteAppointment(`a${id}`),
  start: ({ person, id }) => startSession(`s${id % 3}`, `u-${person}`, 1 + (id % 2)),
  refresh: ({ id, hours }) => refreshSession(`s${id % 3}`, hours),
  end: ({ id }) => endSession(`s${id % 3}`),
  password: ({ person, id }) => changePassword(`u-${person}`, `s${id % 3}`, 1 + (id % 2)),
  profile: ({ person, id }) => updateProfile(`u-${person}`, { displayName: `name ${id}` }),
  role: ({ person }) => setUserRole(person, UserRole.USER_ROLE_OPERATOR),
  read: ({ id, hours }) => markNotificationRead(id % 2 ? '' : `${hours}-0`),
  node: ({ id }) => ({
    $case: 'recordNodeEvents',
    value: {
      events: [AuditEvent.fromPartial({ id: new Uint8Array(16).fill(id), action: 'leader.elected' })],
    },
  }),
  found: ({ id }) => createGroup(`g${id % 3}`, (1 + (id % 2)) as GroupKind),
  rename: ({ id, hours }) => updateGroup(`g${id % 3}`, `name ${hours}`, hours % 3 === 0 ? hours : undefined),
  dissolve: ({ id }) => deleteGroup(`g${id % 3}`),
  member: ({ id, other, hours }) => putMember(`g${id % 3}`, `u-${other}`, id % 2 ? 0 : hours * 20),
  dismiss: ({ id, other }) => removeMember(`g${id % 3}`, `u-${other}`),
  handOver: ({ id, other }) => handOver(`g${id % 3}`, `u-${other}`),
  call: (action) =>
    booking(action, {
      groupId: `g${action.id % 3}`,
      participants: action.hours % 2 ? peopleOf(action) : [],
    }),
  invite: (action) => booking(action, { participants: peopleOf(action) }),
  reinvite: (action) =>
    updateAppointment(`a${action.id}`, {
      changed: [AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS],
      participants: peopleOf(action),
    }),
  relocate: ({ id, hours }) =>
    updateAppointment(`a${id}`, {
      fields: { ...fieldsOf(0, HOUR_MS), location: `room ${hours % 2}` },
      changed: [AppointmentField.APPOINTMENT_FIELD_LOCATION],
    }),
  answer: ({ id, person, hours, startH }) =>
    respond(`a${id}`, `u-${person}`, ANSWERS[hours % 3] as ParticipantStatus, startH % 2 === 0),
  restore: ({ id, hours }) => restoreAppointment(`a${id}`, hours % 2 === 0),
  purge: ({ passMs }) => purgeDeleted(1_000_000 + 200 * DAY_MS + passMs, 3),
  feed: ({ id, person, hours }) => ({
    $case: 'setFeed',
    value: {
      userId: id % 2 ? `u-${person}` : '',
      groupId: id % 2 ? '' : `g${id % 3}`,
      secretHash: new Uint8Array(hours % 2 ? 32 : 0).fill(hours),
    },
  }),
  import: (action) => {
    const create = booking(action, { allowConflict: true }) as Extract<Body, { $case: 'createAppointment' }>;
    const fields = { ...(create.value.fields as AppointmentFields), icalUid: `uid-${action.hours % 3}` };
    return { $case: 'importAppointments', value: { appointments: [{ ...create.value, fields }] } };
  },
  callSeries: (action) => {
    const fields = { ...fieldsOf(...rangeOf(action)), ...seriesOf(action), reminderMinutes: [10] };
    return booking(action, { fields, groupId: 'g0', participants: [], allowConflict: true });
  },
  changeOne: (action) => changeOfPart(action, OccurrenceScope.OCCURRENCE_SCOPE_THIS),
  changeFollowing: (action) => changeOfPart(action, OccurrenceScope.OCCURRENCE_SCOPE_THIS_AND_FOLLOWING),
  deleteOne: (action) => deletionOfPart(action, OccurrenceScope.OCCURRENCE_SCOPE_THIS),
  deleteFollowing: (action) => deletionOfPart(action, OccurrenceScope.OCCURRENCE_SCOPE_THIS_AND_FOLLOWING),
  extend: ({ id, startH, hours, version }) => {
    const expandedFromMs = startH * HOUR_MS + 300 * DAY_MS;
    const occurrences = [{ startMs: expandedFromMs, endMs: expandedFromMs + hours * HOUR_MS }];
    const expandedUntilMs = expandedFromMs + 300 * DAY_MS;
    return {
      $case: 'extendSeries',
      value: { appointmentId: `a${id}`, version, expandedFromMs, occurrences, expandedUntilMs },
    };
  },
  fire: ({ id, startH, version }) =>
    fireReminders({
      appointmentId: `a${id}`,
      occurrenceStartMs: startH * HOUR_MS,
      minutes: 10,
      version,
    }),
};

/** Of the series at its second or third occurrence, if the action fits one. */
function cutOf({ startH, commandId }: Action, scope: OccurrenceScope) {
  const recurrenceStartMs = startH * HOUR_MS + (commandId % 3) * 2 * DAY_MS;
  return { scope, recurrenceStartMs, remaining: { rule: 'FREQ=DAILY;COUNT=1', addedMs: [], excludedMs: [] } };
}

function changeOfPart(action: Action, scope: OccurrenceScope): Body {
  const { id, hours, commandId } = action;
  const cut = cutOf(action, scope);
  const startMs = cut.recurrenceStartMs + (commandId % 2) * HOUR_MS;
  const moves = commandId % 2 === 1;
  const follows = scope === OccurrenceScope.OCCURRENCE_SCOPE_THIS_AND_FOLLOWING;
  const series = follows ? seriesOf({ ...action, startH: startMs / HOUR_MS }) : {};
  const fields = { ...fieldsOf(startMs, startMs + hours * HOUR_MS, 'another'), ...(moves && series) };
  const { APPOINTMENT_FIELD_TITLE, APPOINTMENT_FIELD_TIME } = AppointmentField;
  const changed = [moves ? APPOINTMENT_FIELD_TIME : APPOINTMENT_FIELD_TITLE];
  const allowConflict = id % 2 === 0;
  const splitAppointmentId = `a${10 + (commandId % 20)}`;
  return updateAppointment(`a${id}`, { ...cut, fields, changed, allowConflict, splitAppointmentId });
}

function deletionOfPart(action: Action, scope: OccurrenceScope): Body {
  const whole = deleteAppointment(`a${action.id}`) as Extract<Body, { $case: 'deleteAppointment' }>;
  return { ...whole, value: { ...whole.value, ...cutOf(action, scope) } };
}

const ANSWERS = [
  ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED,
  ParticipantStatus.PARTICIPANT_STATUS_DECLINED,
  ParticipantStatus.PARTICIPANT_STATUS_TENTATIVE,
];

function peopleOf({ other, id, hours }: Action): ParticipantChoice[] {
  const others = id % 3 === 0 ? [`u-${other}`, 'u-cleo'] : [`u-${other}`];
  return [...new Set(others)].map((userId) => ({ userId, optional: hours % 2 === 1 }));
}

function seriesOf({ startH, hours }: Action): Partial<AppointmentFields> {
  const startMs = startH * HOUR_MS;
  const occurrences = [0, 1, 2].map((day) => ({
    startMs: startMs + day * 2 * DAY_MS,
    endMs: startMs + day * 2 * DAY_MS + hours * HOUR_MS,
  }));
  const recurrence = { rule: 'FREQ=DAILY;INTERVAL=2;COUNT=3', addedMs: [], excludedMs: [] };
  return { recurrence, occurrences, expandedUntilMs: startMs + 300 * DAY_MS };
}

function booking(action: Action, change: Partial<CreateAppointment>): Body {
  const { person, id, hours } = action;
  const [startMs, endMs] = rangeOf(action);
  const fields = { ...fieldsOf(startMs, endMs), ...(hours < 5 && id % 2 === 1 && seriesOf(action)) };
  const allowConflict = hours % 2 === 0;
  return bookWith(`a${id}`, `u-${person}`, startMs, endMs, { fields, allowConflict, ...change });
}

function rangeOf({ startH, hours }: Pick<Action, 'startH' | 'hours'>): [number, number] {
  return [startH * HOUR_MS, (startH + hours) * HOUR_MS];
}

const action: fc.Arbitrary<Action> = fc.record({
  kind: fc.oneof(
    fc.constantFrom('book', 'move'),
    fc.constantFrom('call', 'invite', 'answer', 'member', 'reinvite', 'restore'),
    fc.constantFrom('call', 'answer', 'delete'),
    fc.constantFrom('callSeries', 'changeOne', 'changeFollowing', 'deleteOne', 'deleteFollowing', 'extend'),
    fc.constantFrom(...KINDS),
  ),
  person: fc.constantFrom('ana', 'ben', 'cleo'),
  other: fc.constantFrom('ana', 'ben', 'cleo'),
  startH: fc.oneof(fc.nat(20), fc.integer({ min: 300, max: 900 })),
  hours: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(24, 25, 32 * 24, 32 * 24 + 1)),
  id: fc.nat(9),
  version: fc.constant(1),
  fits: fc.integer({ min: 0, max: 3 }).map((number) => number > 0),
  commandId: fc.nat(400),
  withSession: fc.integer({ min: 0, max: 5 }).map((number) => number === 0),
  passMs: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 1, 1, 30_000, HOUR_MS, HOUR_MS, DAY_MS / 2, 31 * DAY_MS),
});
/** fast-check prints the seed and the smallest history that fails. */
export const history = fc.array(action, { maxLength: 60, size: 'max' });
/** Done by the cluster itself. */
const WITHOUT_ACTOR: ReadonlySet<Action['kind']> = new Set(['role', 'node', 'purge', 'extend', 'fire']);

/** So that ranks and invitations are met often. */
const beginning = [
  createGroup('g0', GroupKind.GROUP_KIND_HIERARCHICAL),
  putMember('g0', 'u-ben', 60),
  putMember('g0', 'u-cleo', 40),
  createGroup('g1', GroupKind.GROUP_KIND_NON_HIERARCHICAL),
  putMember('g1', 'u-ben'),
];

/** Something that is there, and somebody who may do that to it; as it was chosen where nothing fits. */
function fitting({ db }: TestLog, action: Action): Action {
  const sql = FITTING[action.kind];
  if (!sql) return action;
  const found = db.prepare<[], Fit>(sql).all();
  const fit = found[action.startH % found.length];
  if (!fit) return action;
  const { start_ms = action.startH * HOUR_MS, end_ms = start_ms + action.hours * HOUR_MS } = fit;
  return {
    ...action,
    id: Number(fit.id.slice(1)),
    person: fit.person.slice(2),
    startH: start_ms / HOUR_MS,
    hours: (end_ms - start_ms) / HOUR_MS,
    version: fit.version ?? action.version,
  };
}

interface Fit {
  readonly id: string;
  readonly person: string;
  readonly start_ms?: number;
  readonly end_ms?: number;
  readonly version?: number;
}

const OWNED = 'SELECT id, owner_id AS person FROM appointments WHERE deleted_at_ms = 0 ORDER BY id';
const FOUNDED = 'SELECT id, creator_id AS person FROM groups ORDER BY id';
const RECURRING = `SELECT a.id, a.owner_id AS person, a.start_ms, a.end_ms, a.version
  FROM series s JOIN appointments a ON a.id = s.appointment_id WHERE a.deleted_at_ms = 0 ORDER BY a.id`;
const FITTING: Partial<Readonly<Record<Action['kind'], string>>> = {
  move: OWNED,
  retitle: OWNED,
  delete: OWNED,
  reinvite: OWNED,
  relocate: OWNED,
  restore: 'SELECT id, owner_id AS person FROM appointments WHERE deleted_at_ms <> 0 ORDER BY id',
  answer: `SELECT appointment_id AS id, user_id AS person FROM participants WHERE gone = 0
    ORDER BY appointment_id, user_id`,
  rename: FOUNDED,
  dissolve: FOUNDED,
  member: FOUNDED,
  dismiss: FOUNDED,
  handOver: FOUNDED,
  changeOne: RECURRING,
  changeFollowing: RECURRING,
  deleteOne: RECURRING,
  deleteFollowing: RECURRING,
  extend: RECURRING,
  fire: `SELECT a.id, a.owner_id AS person, r.occurrence_start_ms AS start_ms, a.version
    FROM reminders r JOIN appointments a ON a.id = r.appointment_id ORDER BY r.due_ms, a.id`,
};

/** @param look after each command. @returns the log that the history makes, at the end of the given one. */
export function written(
  actions: readonly Action[],
  look: (log: TestLog, applied: AppliedEntry) => void = () => undefined,
  log: TestLog = new TestLog(),
): TestLog {
  const firstId = log.entries.length * 1_000 + 100;
  for (const name of ['ana', 'ben', 'cleo']) log.register(name);
  for (const body of beginning) log.apply(body, { actor: 'u-ana' });
  for (const chosen of actions) {
    const each = chosen.fits ? fitting(log, chosen) : chosen;
    log.passTime(each.passMs);
    const applied = log.apply(BODIES[each.kind](each), {
      actor: WITHOUT_ACTOR.has(each.kind) ? '' : `u-${each.person}`,
      session: each.withSession ? `s${each.id % 3}` : '',
      id: firstId + each.commandId,
    });
    look(log, applied);
  }
  return log;
}
