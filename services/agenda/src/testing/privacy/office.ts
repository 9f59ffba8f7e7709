/**
 * The handlers of the agenda, whole, over the log of the world: what stands between a call and the tables is what serves in
 * production; only the agreement on the log is left out. Every answer is searched for what its reader may not know.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgendaServiceService, Caller, WatchEventsRequest } from '@agenda/proto/agenda/v1/agenda';
import { Command, type CommandResult } from '@agenda/proto/agenda/v1/command';
import type { EventBatch } from '@agenda/proto/agenda/v1/event';
import { ConflictDetail } from '@agenda/proto/agenda/v1/model';
import type { RequestOf, ResponseOf, Unary } from '@agenda/service-kit/definition';
import { ServiceError } from '@agenda/service-kit/errors';
import { CallContext, type Handlers } from '@agenda/service-kit/grpc-server';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { FeedSecrets } from '../../api/feed-secrets.ts';
import { type ApiParts, agendaHandlers } from '../../api/handlers.ts';
import { AppliedPosition } from '../../apply/applied-position.ts';
import { AuditFeed } from '../../outbox/audit-feed.ts';
import { EventFeed } from '../../outbox/event-feed.ts';
import { Queries } from '../../queries/queries.ts';
import { SearchIndex } from '../../search/search-index.ts';
import { assertKnown } from './leaks.ts';
import type { Sink } from './sink.ts';
import { NAMES, OWNER } from './table.ts';
import { type PrivacyWorld, sessionOf, userOf } from './world.ts';

type Service = typeof AgendaServiceService;
/** Of the calls that have one answer. */
export type Method = { [K in keyof Service]: Service[K] extends Unary ? K : never }[keyof Service];
export type Question<M extends Method> = Omit<RequestOf<Service[M]>, 'context'>;

/** What came back, or why nothing did. */
export interface Reply<Value> {
  readonly code: string;
  readonly message: string;
  readonly value: Value | undefined;
  /** Of a conflict. */
  readonly conflicts: ConflictDetail | undefined;
}

const DEADLINE_MS = 60_000;
export const NOBODY = '(nobody)';
export const TOOL = '(tool)';
/** The owner, in a session that is over. */
export const ENDED = '(ended)';

export class PrivacyOffice {
  readonly world: PrivacyWorld;
  /** Methods that were called by somebody of the table. */
  readonly called = new Set<string>();
  readonly #queries: Queries;
  readonly #events: EventFeed;
  readonly #auditFeed: AuditFeed;
  readonly #handlers: Handlers<AgendaServiceService>;
  readonly #position: AppliedPosition;
  readonly #searchIndex: SearchIndex;
  readonly #directory = mkdtempSync(join(tmpdir(), 'agenda-search-'));

  constructor(world: PrivacyWorld) {
    const { db, machine } = world.log;
    this.world = world;
    this.#queries = new Queries(db);
    this.#position = new AppliedPosition(machine.lastApplied());
    this.#events = new EventFeed(this.#queries, this.#position);
    const mark = { trailUnsure: false, trailCompared: () => undefined };
    this.#auditFeed = new AuditFeed(this.#queries, this.#position, NODE, mark);
    this.#searchIndex = new SearchIndex(this.#directory, {
      changesOf: (user, since, limit) =>
        this.#queries.sync.changesOf(user, since, limit, this.#position.index),
      appointmentOf: (user, id) =>
        this.#queries.appointmentFor(user, id) ?? this.#queries.agendas.deletedAppointment(user, id),
    });
    this.#handlers = agendaHandlers(this.#parts());
  }

  get index(): number {
    return this.#position.index;
  }

  close(): void {
    this.#events.close();
    this.#auditFeed.close();
    this.#searchIndex.close();
    rmSync(this.#directory, { recursive: true });
  }

  /** @param as a name of the table, NOBODY, TOOL or ENDED. */
  async ask<M extends Method>(
    as: string,
    method: M,
    question: Question<M>,
  ): Promise<Reply<ResponseOf<Service[M]>>> {
    const isViewer = NAMES.includes(as);
    if (isViewer) this.called.add(method);
    const handler = this.#handlers[method] as ((request: unknown, call: CallContext) => unknown) | undefined;
    assert.ok(handler, `${method} has no handler`);
    const context = { caller: callerOf(as), consistency: 0, minIndex: 0, ...freshCommand() };
    const call = new CallContext(NODE, 'request-1', performance.now() + DEADLINE_MS, '192.0.2.1');
    const reply = await replyOf(
      async () => handler({ context, ...question }, call) as ResponseOf<Service[M]>,
    );
    if (isViewer) assertKnown(this.world, as, question, reply);
    return reply;
  }

  /** @throws AssertionError if it was refused. */
  async answer<M extends Method>(
    as: string,
    method: M,
    question: Question<M>,
  ): Promise<ResponseOf<Service[M]>> {
    const { code, message, value } = await this.ask(as, method, question);
    assert.ok(value, `${method} of ${as} was refused: ${code} ${message}`);
    return value;
  }

  /** @param nodeId who signed the call. @returns when the stream is over. */
  serve<S extends 'events' | 'auditFeed'>(
    method: S,
    request: RequestOf<Service[S]>,
    { stream }: Sink<ResponseOf<Service[S]>>,
    nodeId = NODE,
  ): Promise<void> {
    this.called.add(method);
    const handler = this.#handlers[method] as unknown as (...given: unknown[]) => Promise<void>;
    return handler(request, stream, callContext(nodeId));
  }

  watch({ stream }: Sink<EventBatch, WatchEventsRequest>): Promise<void> {
    this.called.add('watchEvents');
    const handler = this.#handlers.watchEvents as unknown as (...given: unknown[]) => Promise<void>;
    return handler(stream, callContext());
  }

  #parts(): ApiParts {
    const { machine } = this.world.log;
    const parts = {
      nodeId: NODE,
      replica: {
        queries: this.#queries,
        position: this.#position,
        machine,
        attachment: { attached: true },
        leadership: { acceptsWrites: true, current: { leaderId: NODE } },
      },
      barrier: { pass: () => Promise.resolve() },
      proposer: { propose: (command: Command) => this.#propose(command), pendingCount: 0 },
      events: this.#events,
      auditFeed: this.#auditFeed,
      searchIndex: this.#searchIndex,
      nodeEvents: { record: () => undefined },
      feedSecrets: new FeedSecrets(['the-cluster-secret-of-the-privacy-matrix']),
    };
    return parts as unknown as ApiParts;
  }

  async #propose(command: Command): Promise<CommandResult> {
    const { machine, nowMs } = this.world.log;
    const index = machine.lastApplied().index + 1;
    const entry = { index, term: 1, timestampMs: nowMs, command: Command.encode(command).finish() };
    const [applied] = machine.applyBatch([entry]);
    this.#position.advance(index, 1);
    this.#events.onApplied(applied ? [applied] : []);
    if (!applied?.result) throw new Error('a command came to nothing');
    return applied.result;
  }
}

const NODE = 'agenda-1';

function callerOf(name: string): Caller {
  const nobody = { userId: '', sessionId: '', username: '', address: '192.0.2.1', tool: '' };
  if (name === NOBODY) return nobody;
  if (name === TOOL) return { ...nobody, tool: 'agendactl' };
  const known = { ...nobody, userId: userOf(name), sessionId: sessionOf(name), username: name };
  return name === ENDED ? { ...known, userId: userOf(OWNER) } : known;
}

function callContext(nodeId = NODE): CallContext {
  return new CallContext(nodeId, 'request-1', performance.now() + DEADLINE_MS, '192.0.2.1');
}

function freshCommand() {
  return { commandId: uuidv7Bytes(), fingerprint: new Uint8Array(0) };
}

async function replyOf<Value>(call: () => Promise<Value>): Promise<Reply<Value>> {
  try {
    return { code: 'ok', message: '', value: await call(), conflicts: undefined };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, message, payload } = error;
    const conflicts = payload?.length ? ConflictDetail.decode(payload) : undefined;
    return { code, message, value: undefined, conflicts };
  }
}
