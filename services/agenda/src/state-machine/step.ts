/** One command being applied: what it knows of its place in the log, and what it tells the world. */
import type { Command } from '@agenda/proto/agenda/v1/command';
import type { Event } from '@agenda/proto/agenda/v1/event';
import type { AuditEvent } from '@agenda/proto/audit/v1/audit';

export type EventBody = NonNullable<Event['body']>;

/** What the audit trail says of a command besides who, when and how it ended. */
export interface AuditSubject {
  /** "appointment.created" */
  readonly action: string;
  /** "appointment:0198…" */
  readonly target: string;
  /** Never secrets, never what a private appointment says. */
  readonly detail?: Readonly<Record<string, string | number | boolean>>;
}

export class Step {
  readonly command: Command;
  readonly index: number;
  /** Log time: the only time that apply knows. */
  readonly atMs: number;
  readonly events: Event[] = [];
  /** Node events that this command brings into the trail; the command's own record comes from `subject`. */
  readonly nodeEvents: AuditEvent[] = [];
  subject: AuditSubject = { action: 'command.unknown', target: '' };
  #notifications = 0;

  constructor(command: Command, index: number, atMs: number) {
    this.command = command;
    this.index = index;
    this.atMs = atMs;
  }

  emit(userIds: readonly string[], body: EventBody): void {
    const ordinal = this.events.length;
    this.events.push({ logIndex: this.index, ordinal, atMs: this.atMs, userIds: [...userIds], body });
  }

  /** Of the next notification of this command, from 0. */
  nextNotification(): number {
    return this.#notifications++;
  }
}
