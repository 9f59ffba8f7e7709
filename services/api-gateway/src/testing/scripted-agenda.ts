import {
  AgendaServiceService,
  CountUnreadResponse,
  DoneResponse,
  type EventsRequest,
  NotificationsResponse,
  StatusResponse,
  type WatchEventsRequest,
} from '@agenda/proto/agenda/v1/agenda';
import type { Event, EventBatch } from '@agenda/proto/agenda/v1/event';
import { type Notification, NotificationKind, type User } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import { GrpcServer, type Handlers } from '@agenda/service-kit/grpc-server';
import { createLogger, type Logger } from '@agenda/service-kit/logger';
import type { InboundStream, OutboundStream } from '@agenda/service-kit/message-stream';
import { type ReceivingService, receiverOf } from '@agenda/service-kit/nonces';
import { Verifier } from '@agenda/service-kit/signature';
import { accountHandlers, newSession, newUser } from './agenda-accounts.ts';
import { appointmentHandlers, page } from './agenda-appointments.ts';
import { AgendaState } from './agenda-state.ts';

export const CLUSTER_SECRET = 'the-cluster-secret-of-the-gateway-tests';
const LOOPBACK = '127.0.0.1';
const CLOSE_GRACE_MS = 100;
const LIMIT_DEFAULT = 50;
const EVENTS_PER_BATCH_MAX = 128;
const MAC_COMES_SCRIPTED_BY_TESTSR = new Uint8Array(0);

export interface SeenCall {
  readonly method: keyof typeof AgendaServiceService;
  // biome-ignore lint/suspicious/noExplicitAny: the request of whichever method it is; tests know which.
  readonly request: any;
  readonly requestId: string;
}

/** Methods for which there is no script but what a test gives. */
const SCRIPTED_BY_TESTS = [
  'searchUsers',
  'restoreAppointment',
  'respondToInvitation',
  'listConflicts',
  'searchAppointments',
  'sync',
  'createGroup',
  'getGroup',
  'listGroups',
  'updateGroup',
  'deleteGroup',
  'putGroupMember',
  'removeGroupMember',
  'listGroupMembers',
  'handOverGroup',
  'findFreeSlots',
  'getFreeBusy',
  'importCalendar',
  'exportCalendar',
  'setFeed',
] as const;

function notScripted(method: string): () => never {
  return () => {
    throw new ServiceError('unimplemented', `no script for ${method}`);
  };
}

type EventStream = OutboundStream<EventBatch>;

/** Whom a stream is about at the moment, and how many requests said so. */
interface Followed {
  readonly users: Set<string>;
  requestsSeen: number;
}

interface Following {
  readonly send: () => void;
  readonly ended: Promise<void>;
}

export function testLogger(): Logger {
  return createLogger({ component: 'test', nodeId: 'agenda-1', level: process.env.LOG_LEVEL ?? 'silent' });
}

/** Of another process of the pod whose gateway is under test. */
export function loopbackServer(service: ReceivingService): GrpcServer {
  const verifier = new Verifier(receiverOf('agenda-1', service), [CLUSTER_SECRET]);
  return new GrpcServer({ verifier, logger: testLogger() });
}

/** An agenda of one replica in memory that speaks the real protocol over loopback, and does what a test tells it. */
export class ScriptedAgenda {
  readonly state = new AgendaState();
  readonly calls: SeenCall[] = [];
  /** What each new Events stream asked for: those who read history. */
  readonly eventRequests: EventsRequest[] = [];
  /** How many streams of events were open at once. */
  eventStreamsMost = 0;
  /** If set: after so many further messages of events the stream breaks, once. */
  messagesBeforeBreak: number | undefined;
  status: StatusResponse = StatusResponse.fromPartial({
    attached: true,
    leaderId: 'agenda-1#1',
    acceptsWrites: true,
    featureLevel: 1,
  });
  /** Asked before each unary call; an error refuses it, a promise holds it. */
  before: (call: SeenCall) => ServiceError | Promise<void> | undefined = () => undefined;
  /** What a test wants answered, by method. */
  readonly answers: Handlers<typeof AgendaServiceService> = {};
  #server: GrpcServer = loopbackServer('agenda');
  readonly #streams = new Set<EventStream>();
  #port = 0;

  get port(): number {
    return this.#port;
  }

  get eventStreamCount(): number {
    return this.#streams.size;
  }

  /** Also after `stop`: then on the port it had. */
  async start(): Promise<this> {
    this.#server = loopbackServer('agenda');
    this.#server.addService(AgendaServiceService, this.#watched());
    this.#port = await this.#server.listen({ host: LOOPBACK, port: this.#port });
    this.#server.setServing(true);
    return this;
  }

  async stop(): Promise<void> {
    this.breakEventStreams();
    await this.#server.close(CLOSE_GRACE_MS);
  }

  /** A user with a living session, without the detour by register and login. */
  addUser(username: string, given: Partial<User> = {}): { user: User; sessionId: string } {
    const user = newUser(username, given);
    const session = newSession(user.id);
    this.state.accounts.set(user.id, { user, password: `${username}-password` });
    this.state.sessions.set(session.id, session);
    return { user, sessionId: session.id };
  }

  /** Another living session of the same user. */
  addSession(userId: string): string {
    const session = newSession(userId);
    this.state.sessions.set(session.id, session);
    return session.id;
  }

  /** @returns what was added, and the index that brought it. */
  notify(userId: string, text: string): { notification: Notification; index: number } {
    const logIndex = this.state.index + 1;
    const notification: Notification = {
      id: `${logIndex}-0`,
      userId,
      kind: NotificationKind.NOTIFICATION_KIND_CONFLICT,
      createdAtMs: Date.now(),
      readAtMs: 0,
      appointmentId: '',
      groupId: '',
      actorId: '',
      text,
      logIndex,
    };
    this.state.notifications.unshift(notification);
    const index = this.state.happen([userId], { $case: 'notificationAdded', value: notification });
    return { notification, index };
  }

  callsOf(method: SeenCall['method']): SeenCall[] {
    return this.calls.filter((call) => call.method === method);
  }

  breakEventStreams(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  #watched(): Handlers<typeof AgendaServiceService> {
    const unary: Handlers<typeof AgendaServiceService> = {
      ...Object.fromEntries(SCRIPTED_BY_TESTS.map((method) => [method, notScripted(method)])),
      ...accountHandlers(this.state),
      ...appointmentHandlers(this.state),
      ...this.#notificationHandlers(),
      getStatus: () => ({ ...this.status, lastApplied: this.state.index }),
    };
    const watched = Object.entries(unary).map(([method, handler]) => [
      method,
      // biome-ignore lint/suspicious/noExplicitAny: the same handler, seen from outside.
      async (request: any, context: any) => {
        const call: SeenCall = {
          method: method as SeenCall['method'],
          request,
          requestId: context.requestId,
        };
        this.calls.push(call);
        const verdict = this.before(call);
        if (verdict instanceof ServiceError) throw verdict;
        await verdict;
        // biome-ignore lint/suspicious/noExplicitAny: as above.
        return ((this.answers[call.method] ?? handler) as any)(request, context);
      },
    ]);
    return {
      ...Object.fromEntries(watched),
      events: (request, stream) => this.#serveEvents(request, stream),
      watchEvents: (stream) => this.#serveWatch(stream),
    };
  }

  #notificationHandlers(): Handlers<typeof AgendaServiceService> {
    const { state } = this;
    const unread = (userId: string): Notification[] =>
      state.notifications.filter((item) => item.userId === userId && item.readAtMs === 0);
    return {
      listNotifications: ({ context, unreadOnly, limit, cursor }) => {
        const { userId } = state.read(context);
        const all = unreadOnly
          ? unread(userId)
          : state.notifications.filter((item) => item.userId === userId);
        const { items, nextCursor } = page(all, limit || LIMIT_DEFAULT, cursor);
        return NotificationsResponse.fromPartial({ notifications: items, nextCursor, index: state.index });
      },
      countUnread: ({ context }) => {
        const { userId } = state.read(context);
        return CountUnreadResponse.fromPartial({ count: unread(userId).length, index: state.index });
      },
      markNotificationRead: ({ context, notificationId }) =>
        state.write(context, (index) => {
          const { userId } = state.userOf(context);
          const chosen = unread(userId).filter((item) => notificationId === '' || item.id === notificationId);
          const known = state.notifications.some(
            (item) => item.userId === userId && item.id === notificationId,
          );
          if (notificationId !== '' && !known)
            throw new ServiceError('not_found', `there is no notification ${notificationId}`);
          for (const item of chosen) item.readAtMs = Date.now();
          state.emit(index, [userId], { $case: 'notificationsRead', value: { notificationId } });
          return DoneResponse.fromPartial({ index });
        }),
    };
  }

  async #serveEvents(request: EventsRequest, stream: EventStream): Promise<void> {
    this.eventRequests.push(request);
    const { fromIndex, liveOnly, userIds } = request;
    const followed = { users: new Set(userIds), requestsSeen: 0 };
    await this.#follow(stream, liveOnly ? this.state.index : fromIndex, followed).ended;
  }

  #serveWatch(stream: EventStream & InboundStream<WatchEventsRequest>): Promise<void> {
    const followed = { users: new Set<string>(), requestsSeen: 0 };
    return new Promise((resolve) => {
      let send: (() => void) | undefined;
      stream.onMessage(({ fromIndex, addedUserIds, removedUserIds }) => {
        followed.requestsSeen += 1;
        for (const userId of addedUserIds) followed.users.add(userId);
        for (const userId of removedUserIds) followed.users.delete(userId);
        if (send) return send();
        const following = this.#follow(stream, fromIndex, followed);
        send = following.send;
        following.ended.then(resolve);
      });
    });
  }

  /** As the agenda does: what is kept after the position, then what comes; the first message even if it is empty. */
  #follow(stream: EventStream, fromIndex: number, followed: Followed): Following {
    const { state } = this;
    let position = fromIndex;
    if (position < state.prunedUpTo) {
      position = state.index;
      const { requestsSeen } = followed;
      stream.write({
        events: [],
        upToIndex: position,
        reset: true,
        requestsSeen,
        mac: MAC_COMES_SCRIPTED_BY_TESTSR,
      });
    }
    const send = (): void => {
      const fresh = state.events.filter(
        ({ logIndex, userIds }) =>
          logIndex > position && userIds.some((userId) => followed.users.has(userId)),
      );
      position = Math.max(position, state.index);
      let from = 0;
      for (; fresh.length - from > EVENTS_PER_BATCH_MAX; from += EVENTS_PER_BATCH_MAX) {
        const part = fresh.slice(from, from + EVENTS_PER_BATCH_MAX);
        const upTo = completeUpTo(fresh, from + EVENTS_PER_BATCH_MAX);
        if (!this.#sendEvents(stream, part, upTo, followed)) return;
      }
      this.#sendEvents(stream, fresh.slice(from), position, followed);
    };
    this.#streams.add(stream);
    this.eventStreamsMost = Math.max(this.eventStreamsMost, this.#streams.size);
    send();
    const unwatch = state.watch(send);
    const ended = new Promise<void>((resolve) => {
      stream.closed.addEventListener('abort', () => resolve(), { once: true });
      if (stream.closed.aborted) resolve();
    }).then(() => {
      unwatch();
      this.#streams.delete(stream);
    });
    return { send, ended };
  }

  /** @returns false if the stream was broken after it. */
  #sendEvents(stream: EventStream, events: Event[], upToIndex: number, { requestsSeen }: Followed): boolean {
    stream.write({ events, upToIndex, reset: false, requestsSeen, mac: MAC_COMES_SCRIPTED_BY_TESTSR });
    if (this.messagesBeforeBreak === undefined || --this.messagesBeforeBreak > 0) return true;
    this.messagesBeforeBreak = undefined;
    stream.end();
    return false;
  }
}

/** The last log index whose events all stand before `end`, as the agenda says it when it cuts an entry in two. */
function completeUpTo(events: readonly Event[], end: number): number {
  const last = events[end - 1]?.logIndex ?? 0;
  return events[end]?.logIndex === last ? last - 1 : last;
}
