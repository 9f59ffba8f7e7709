import type { Caller, ReadContext, WriteContext } from '@agenda/proto/agenda/v1/agenda';
import { Consistency } from '@agenda/proto/agenda/v1/agenda';
import type { Event } from '@agenda/proto/agenda/v1/event';
import type { Appointment, Notification, Session, User } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';

export interface Account {
  user: User;
  password: string;
}

export type EventBody = NonNullable<Event['body']>;

interface KnownCommand {
  readonly fingerprint: Uint8Array;
  readonly outcome: { readonly value: unknown } | { readonly error: ServiceError };
}

/** What the scripted agenda knows: one copy, in memory, one write after the other. */
export class AgendaState {
  readonly accounts = new Map<string, Account>();
  readonly sessions = new Map<string, Session>();
  readonly appointments = new Map<string, Appointment>();
  readonly notifications: Notification[] = [];
  readonly events: Event[] = [];
  /** Everything applied so far. */
  index = 0;
  /** Events at or before this index are no longer kept. */
  prunedUpTo = 0;
  readonly #commands = new Map<string, KnownCommand>();
  readonly #watchers = new Set<() => void>();

  /** Told after every change. @returns how to stop it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  account(username: string): Account | undefined {
    return [...this.accounts.values()].find(({ user }) => user.username === username);
  }

  /** Applied once by command id: a repeat gets the first outcome, also when that was a refusal. */
  write<T>(context: WriteContext | undefined, apply: (index: number) => T): T {
    const id = Buffer.from(context?.commandId ?? []).toString('hex');
    if (id.length !== 32) throw new ServiceError('invalid_argument', 'commandId must have 16 bytes');
    const known = this.#commands.get(id);
    if (known) return this.#repeat(known, context?.fingerprint ?? new Uint8Array(0)) as T;
    this.index += 1;
    const fingerprint = context?.fingerprint ?? new Uint8Array(0);
    try {
      const value = apply(this.index);
      this.#commands.set(id, { fingerprint, outcome: { value } });
      return value;
    } catch (error) {
      if (error instanceof ServiceError) this.#commands.set(id, { fingerprint, outcome: { error } });
      throw error;
    } finally {
      for (const watcher of [...this.#watchers]) watcher();
    }
  }

  /** A change that comes from elsewhere in the cluster. @returns its index. */
  happen(userIds: readonly string[], ...bodies: readonly EventBody[]): number {
    this.index += 1;
    for (const body of bodies) this.emit(this.index, userIds, body);
    for (const watcher of [...this.#watchers]) watcher();
    return this.index;
  }

  emit(logIndex: number, userIds: readonly string[], body: EventBody): void {
    const ordinal = this.events.filter((event) => event.logIndex === logIndex).length;
    this.events.push({ logIndex, ordinal, atMs: Date.now(), userIds: [...userIds], body });
  }

  /** @throws ServiceError `unauthenticated`, as the agenda does for a session that has ended. */
  userOf(context: WriteContext | ReadContext | undefined): Caller {
    const caller = context?.caller;
    const session = this.sessions.get(caller?.sessionId ?? '');
    if (!caller || session?.userId !== caller.userId)
      throw new ServiceError('unauthenticated', 'this session has ended; log in again');
    return caller;
  }

  /** @throws ServiceError `timeout` for an index that this replica has not seen. */
  read(context: ReadContext | undefined): Caller {
    const minIndex = context?.minIndex ?? 0;
    const stale = context?.consistency === Consistency.CONSISTENCY_STALE;
    if (!stale && minIndex > this.index)
      throw new ServiceError('timeout', `index ${minIndex} was not applied here in time`);
    return this.userOf(context);
  }

  #repeat({ fingerprint, outcome }: KnownCommand, given: Uint8Array): unknown {
    if (Buffer.compare(fingerprint, given) !== 0)
      throw new ServiceError('unprocessable', 'this Idempotency-Key was used for another request');
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }
}
