import assert from 'node:assert/strict';
import { UserRole } from '@agenda/proto/agenda/v1/model';
import { AuditEvent } from '@agenda/proto/audit/v1/audit';
import fc from 'fast-check';
import {
  type Body,
  changePassword,
  createAppointment,
  DAY_MS,
  deleteAppointment,
  dump,
  dumpKept,
  endSession,
  HOUR_MS,
  markNotificationRead,
  moveAppointment,
  refreshSession,
  registerUser,
  setUserRole,
  startSession,
  TestLog,
  updateAppointment,
  updateProfile,
} from './testing.ts';

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
] as const;

/** Few names, ids and times, so that commands meet: conflicts, repetitions, ended sessions. */
interface Action {
  readonly kind: (typeof KINDS)[number];
  readonly person: string;
  readonly startH: number;
  readonly hours: number;
  readonly id: number;
  readonly commandId: number;
  readonly withSession: boolean;
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
};

function rangeOf({ startH, hours }: Pick<Action, 'startH' | 'hours'>): [number, number] {
  return [startH * HOUR_MS, (startH + hours) * HOUR_MS];
}

const action: fc.Arbitrary<Action> = fc.record({
  kind: fc.oneof(fc.constantFrom('book', 'move'), fc.constantFrom(...KINDS)),
  person: fc.constantFrom('ana', 'ben', 'cleo'),
  startH: fc.nat(20),
  hours: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(24, 25, 32 * 24, 32 * 24 + 1)),
  id: fc.nat(7),
  commandId: fc.nat(60),
  withSession: fc.boolean(),
  passMs: fc.constantFrom(0, 0, 1, 30_000, HOUR_MS, DAY_MS / 2),
});
const history = fc.array(action, { maxLength: 60 });

function written(actions: readonly Action[]): TestLog {
  const log = new TestLog();
  for (const name of ['ana', 'ben']) log.register(name);
  for (const each of actions) {
    log.passTime(each.passMs);
    log.apply(BODIES[each.kind](each), {
      actor: each.kind === 'role' || each.kind === 'node' ? '' : `u-${each.person}`,
      session: each.withSession ? `s${each.id % 3}` : '',
      id: each.commandId + 100,
    });
  }
  return log;
}

/** fast-check prints the seed and the smallest history that fails. */
describe('any history of commands', () => {
  it('gives the same rows, answers and digest however the log is cut into batches', () => {
    fc.assert(
      fc.property(history, fc.array(fc.integer({ min: 1, max: 7 })), (actions, cuts) => {
        const source = written(actions);
        const copy = new TestLog();
        let at = 0;
        for (const cut of [...cuts, source.entries.length]) {
          copy.machine.applyBatch(source.entries.slice(at, at + cut));
          at += cut;
        }
        assert.equal(dump(copy.db), dump(source.db));
        assert.deepEqual(copy.machine.lastApplied(), source.machine.lastApplied());
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same rows, answers and digest whenever replicas prune', () => {
    fc.assert(
      fc.property(history, fc.array(fc.nat(6), { minLength: 1 }), (actions, limits) => {
        const source = written(actions);
        const pruned = new TestLog();
        for (const [at, entry] of source.entries.entries()) {
          pruned.machine.applyBatch([entry]);
          pruned.machine.prune(at, limits[at % limits.length] as number);
        }
        assert.equal(dumpKept(pruned.db), dumpKept(source.db));
      }),
      { numRuns: 60 },
    );
  });

  it('books nobody twice who did not ask for it, and keeps every entry where its appointment is', () => {
    fc.assert(
      fc.property(history, (actions) => {
        const { db } = written(actions);
        const overlaps = db.prepare(
          `SELECT x.appointment_id, y.appointment_id FROM agenda_entries x JOIN agenda_entries y
           ON x.person_id = y.person_id AND x.appointment_id < y.appointment_id
           AND x.start_ms < y.end_ms AND y.start_ms < x.end_ms
           WHERE x.conflict = 0 AND y.conflict = 0`,
        );
        const strays = db.prepare(
          `SELECT a.id, e.appointment_id FROM (SELECT * FROM appointments WHERE deleted_at_ms = 0) a
           FULL JOIN agenda_entries e
           ON e.appointment_id = a.id AND e.person_id = a.owner_id AND e.start_ms = a.start_ms AND e.end_ms = a.end_ms
           WHERE a.id IS NULL OR e.appointment_id IS NULL`,
        );
        assert.deepEqual(overlaps.all(), []);
        assert.deepEqual(strays.all(), []);
      }),
      { numRuns: 60 },
    );
  });
});
