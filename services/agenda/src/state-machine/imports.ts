/** Appointments from a calendar file, one command for many of them. */
import type {
  CreateAppointment,
  ImportAppointments,
  ImportedComponent,
} from '@agenda/proto/agenda/v1/command';
import type { Database } from 'better-sqlite3';
import type { Appointments } from './appointments.ts';
import { type Outcome, refuse } from './outcome.ts';
import type { Step } from './step.ts';

export class Imports {
  readonly #appointments: Appointments;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database, appointments: Appointments) {
    this.#statements = prepare(db);
    this.#appointments = appointments;
  }

  /** Each by itself: what cannot be taken is skipped, and the report says why. A second import of a file takes nothing. */
  take(step: Step, { appointments }: ImportAppointments): Outcome {
    if (step.command.actorId === '') {
      step.subject = { action: 'calendar.imported', target: '' };
      return refuse('forbidden', 'a calendar is imported by its person');
    }
    const components = appointments.map((create) => this.#takeOne(step, create));
    const taken = components.filter(({ appointmentId }) => appointmentId !== '').length;
    step.subject = {
      action: 'calendar.imported',
      target: `user:${step.command.actorId}`,
      detail: { taken, skipped: components.length - taken },
    };
    return { $case: 'imported', value: { components } };
  }

  #takeOne(step: Step, create: CreateAppointment): ImportedComponent {
    const icalUid = create.fields?.icalUid ?? '';
    const skipped = (reason: string): ImportedComponent => ({ icalUid, appointmentId: '', reason });
    const { seriesId, recurrenceStartMs, ownerId } = create;
    if (icalUid !== '' && this.#statements.known.get(ownerId, icalUid, recurrenceStartMs))
      return skipped('already there');
    if (seriesId !== '' && !this.#statements.series.get(seriesId, ownerId))
      return skipped('the series that it changes was not taken');
    const outcome = this.#appointments.create(step, create);
    if (outcome.$case === 'refusal') return skipped(outcome.value.message);
    return { icalUid, appointmentId: create.appointmentId, reason: '' };
  }
}

function prepare(db: Database) {
  return {
    known: db.prepare<[string, string, number], { one: number }>(
      `SELECT 1 AS one FROM appointments
       WHERE owner_id = ? AND ical_uid = ? AND ical_uid <> '' AND recurrence_start_ms = ? AND deleted_at_ms = 0`,
    ),
    series: db.prepare<[string, string], { one: number }>(
      'SELECT 1 AS one FROM appointments WHERE id = ? AND owner_id = ? AND deleted_at_ms = 0',
    ),
  };
}
