/** Writes a large agenda through the state machine: what stands there is what the log would have made. */
import { AppointmentFields, Command } from '@agenda/proto/agenda/v1/command';
import { GroupKind, Privacy } from '@agenda/proto/agenda/v1/model';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import type { LogEntry, StateMachine } from '../../services/agenda/src/state-machine/machine.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS: number = 24 * HOUR_MS;
/** The middle of the appointments. */
export const NOW_MS: number = Date.UTC(2027, 0, 4);
const BATCH = 500;
const GROUP_SIZE = 20;
/** Every fiftieth appointment is a group's. */
const GROUP_EVERY = 50;
const REPORT_EVERY = 100_000;
/** Creates that come in one turn of a busy pod; the apply loop would take up to 512. */
export const CREATE_BATCH = 50;
/** Of log time between two commands: what is older than a day is pruned on the way. */
const COMMAND_MS = 1_000;
const ZONES = ['Europe/Lisbon', 'Europe/Berlin', 'UTC'] as const;

/** Log time runs ahead of the clock. */
const SESSION_SECONDS = 400 * 24 * 3_600;

type Body = NonNullable<Command['body']>;

export interface Sizes {
  readonly users: number;
  readonly groups: number;
  readonly appointments: number;
}

export function userId(number: number): string {
  return `01900000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

export function groupId(number: number): string {
  return `01900000-0000-7000-9000-${String(number).padStart(12, '0')}`;
}

export function sessionId(number: number): string {
  return `01900000-0000-7000-a000-${String(number).padStart(12, '0')}`;
}

export class DataWriter {
  readonly #machine: StateMachine;
  readonly #onApplied: (index: number, count: number) => void;
  #batch: LogEntry[] = [];
  #timestampMs = NOW_MS - 30 * DAY_MS;
  #appointments = 0;

  constructor(machine: StateMachine, onApplied: (index: number, count: number) => void = () => {}) {
    this.#machine = machine;
    this.#onApplied = onApplied;
    this.#timestampMs = Math.max(this.#timestampMs, machine.lastApplied().timestampMs);
  }

  write({ users, groups, appointments }: Sizes, onProgress: (done: number) => void): void {
    for (let number = 0; number < users; number++) {
      this.#register(number);
      this.#flushIfFull();
    }
    for (let number = 0; number < groups; number++) {
      this.#formGroup(number, users, groups);
      this.#flushIfFull();
    }
    for (let number = 0; number < appointments; number++) {
      if (number % GROUP_EVERY === 0) this.#bookForGroup(number, groups, appointments);
      else this.#book(number % users, slotOf(Math.floor(number / users), Math.ceil(appointments / users)));
      this.#flushIfFull();
      if (number % REPORT_EVERY === 0) onProgress(number);
    }
    this.#flush();
    while (this.#machine.prune(Number.MAX_SAFE_INTEGER, 10_000) > 0);
  }

  /** The people for `create`, if they are not there. */
  prepareCreates(users: number): void {
    if (this.#machine.lastApplied().index > users) return;
    for (let number = 0; number < users; number++) {
      this.#register(number);
      this.#flushIfFull();
    }
    this.#flush();
  }

  /** Bookings in the year after, by everybody in turn. */
  encodeCreates(count: number, round: number, users: number): readonly LogEntry[] {
    for (let number = round * count; number < (round + 1) * count; number++)
      this.#book(
        (number * 7_919) % users,
        NOW_MS + 400 * DAY_MS + (Math.floor(number / users) * 20 + (number % 10)) * HOUR_MS,
      );
    return this.#taken();
  }

  /** A turn of the event loop for each batch, as in the service. */
  async apply(commands: readonly LogEntry[]): Promise<void> {
    for (let from = 0; from < commands.length; from += CREATE_BATCH) {
      const batch = commands.slice(from, from + CREATE_BATCH);
      this.#machine.applyBatch(batch);
      this.#onApplied((batch.at(-1) as LogEntry).index, batch.length);
      await new Promise(setImmediate);
    }
  }

  /** Everybody has a session from now on. */
  logIn(users: number): void {
    for (let number = 0; number < users; number++) {
      this.#add('', {
        $case: 'startSession',
        value: {
          sessionId: sessionId(number),
          userId: userId(number),
          passwordVersion: 1,
          lifetimeSeconds: SESSION_SECONDS,
        },
      });
      this.#flushIfFull();
    }
    this.#flush();
  }

  #register(number: number): void {
    this.#add('', {
      $case: 'registerUser',
      value: {
        userId: userId(number),
        username: `user${number}`,
        email: '',
        displayName: `Person ${number} of the Bench`,
        timeZone: ZONES[number % ZONES.length] as string,
        passwordHash: '$argon2id$x',
      },
    });
  }

  #formGroup(number: number, users: number, groups: number): void {
    const id = groupId(number);
    const kind = number % 2 === 0 ? GroupKind.GROUP_KIND_NON_HIERARCHICAL : GroupKind.GROUP_KIND_HIERARCHICAL;
    const creator = userId(number);
    this.#add(creator, {
      $case: 'createGroup',
      value: { groupId: id, name: `Group ${number}`, description: '', kind },
    });
    for (let member = 1; member < GROUP_SIZE; member++) {
      const rank = kind === GroupKind.GROUP_KIND_HIERARCHICAL ? member : 0;
      const user = userId((number + member * groups) % users);
      this.#add(creator, { $case: 'putGroupMember', value: { groupId: id, userId: user, rank } });
    }
  }

  #book(owner: number, startMs: number): void {
    this.#create(userId(owner), startMs, '');
  }

  #bookForGroup(number: number, groups: number, appointments: number): void {
    const group = (number / GROUP_EVERY) % groups;
    const each = Math.ceil(appointments / GROUP_EVERY / groups);
    const startMs = slotOf(Math.floor(number / GROUP_EVERY / groups), each) + 12 * HOUR_MS;
    // Half of them are over, so that the bound on a group's future holds.
    this.#create(userId(group), startMs, groupId(group));
  }

  #create(ownerId: string, startMs: number, group: string): void {
    const number = this.#appointments++;
    const fields = AppointmentFields.fromPartial({
      title: `Meeting ${number % 1_000} about the plan`,
      description: 'What was said last time, and what is to be done until the next time.',
      location: `Room ${number % 40}`,
      startMs,
      endMs: startMs + HOUR_MS,
      timeZone: 'Europe/Lisbon',
      privacy: number % 3 === 0 ? Privacy.PRIVACY_FREEBUSY : Privacy.PRIVACY_FULL,
    });
    const value = {
      appointmentId: timeOrderedId(this.#timestampMs, number),
      ownerId,
      groupId: group,
      fields,
      participants: [],
      allowConflict: true,
      seriesId: '',
      recurrenceStartMs: 0,
    };
    this.#add(ownerId, { $case: 'createAppointment', value });
  }

  #add(actorId: string, body: Body): void {
    this.#timestampMs += COMMAND_MS;
    const index = this.#machine.lastApplied().index + this.#batch.length + 1;
    const command = Command.encode(
      Command.fromPartial({
        id: uuidv7Bytes(),
        featureLevel: 2,
        fingerprint: new Uint8Array(32),
        actorId,
        originNode: 'agenda-1',
        body,
      }),
    ).finish();
    this.#batch.push({ index, term: 1, timestampMs: this.#timestampMs, command });
  }

  #flushIfFull(): void {
    if (this.#batch.length < BATCH) return;
    this.#flush();
    this.#machine.prune(Number.MAX_SAFE_INTEGER, BATCH);
  }

  #flush(): void {
    const batch = this.#taken();
    if (batch.length > 0) this.#machine.applyBatch(batch);
  }

  #taken(): readonly LogEntry[] {
    const batch = this.#batch;
    this.#batch = [];
    return batch;
  }
}

/** One of `count` slots, spread over the 400 days around now, in working hours. */
function slotOf(slot: number, count: number): number {
  const day = Math.floor((slot / count) * 400) - 200;
  return NOW_MS + day * DAY_MS + (9 + (slot % 8)) * HOUR_MS;
}

/** UUIDv7: ids that grow with time keep their index together. */
function timeOrderedId(ms: number, number: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${number.toString(16).padStart(12, '0')}`;
}
