/** Wires the parts of the page together, once. */

import { AgendaApi } from './api/agenda-api.ts';
import { browserSessionStore, exclusivelyAcrossTabs, SESSION_KEY } from './api/browser-session.ts';
import { CalendarsApi } from './api/calendars-api.ts';
import { ApiClient } from './api/client.ts';
import { ConflictsApi } from './api/conflicts-api.ts';
import { FreeTimeApi } from './api/free-time-api.ts';
import { GroupsApi } from './api/groups-api.ts';
import { createHttp } from './api/http.ts';
import { LiveConnection } from './api/live.ts';
import { PeopleApi } from './api/people-api.ts';
import { SearchApi } from './api/search-api.ts';
import { Session } from './api/session.ts';
import { TrashApi } from './api/trash-api.ts';
import type { LiveItem, SessionGrant } from './api/types.ts';
import { Coalesced } from './coalesced.ts';
import { AccountStore } from './features/account/account-store.ts';
import { AgendaStore } from './features/calendar/agenda-store.ts';
import { ClusterStore } from './features/cluster/cluster-store.ts';
import { ConflictsStore } from './features/conflicts/conflicts-store.ts';
import { FreeTimeStore } from './features/free-time/free-time-store.ts';
import { GroupsStore } from './features/groups/groups-store.ts';
import { NotificationsStore } from './features/notifications/notifications-store.ts';
import { SearchStore } from './features/search/search-store.ts';
import { SharedAgendaStore } from './features/shared-agenda/shared-agenda-store.ts';
import { TrashStore } from './features/trash/trash-store.ts';
import { newId } from './ids.ts';
import { Toasts } from './toasts.ts';

const REFRESH_DEADLINE_MS = 12_000;
/** Between two readings that conflicts cause, however many there are. */
const MARK_PAUSE_MS = 300;

export interface Agenda {
  readonly account: AccountStore;
  readonly calendar: AgendaStore;
  readonly notifications: NotificationsStore;
  readonly search: SearchStore;
  readonly trash: TrashStore;
  /** Files and feeds; there is nothing to keep of them. */
  readonly calendars: CalendarsApi;
  readonly cluster: ClusterStore;
  readonly people: PeopleApi;
  readonly groups: GroupsStore;
  readonly shared: SharedAgendaStore;
  readonly freeTime: FreeTimeStore;
  readonly conflicts: ConflictsStore;
  readonly live: LiveConnection;
  readonly toasts: Toasts;
}

export function createAgenda(): Agenda {
  const http = createHttp();
  const session = new Session({
    store: browserSessionStore(),
    exclusively: exclusivelyAcrossTabs,
    newId,
    nowMs: Date.now,
    refresh: async (refreshToken, idempotencyKey) =>
      (await http({
        method: 'POST',
        path: '/api/refresh',
        headers: { 'idempotency-key': idempotencyKey },
        body: { refreshToken },
        deadlineMs: REFRESH_DEADLINE_MS,
      })) as SessionGrant,
  });
  const wait = (delayMs: number) => new Promise<void>((resolve) => setTimeout(resolve, delayMs));
  const client = new ApiClient({ http, session, wait, nowMs: Date.now });
  const api = new AgendaApi(client);
  const account = new AccountStore(api, session);
  const calendar = new AgendaStore(api);
  const notifications = new NotificationsStore(api);
  const search = new SearchStore(new SearchApi(client));
  const trash = new TrashStore(new TrashApi(client), (restored) => calendar.adopt(restored));
  const calendars = new CalendarsApi(client);
  const people = new PeopleApi(client);
  const groupsApi = new GroupsApi(client);
  const groups = new GroupsStore(groupsApi, wait);
  const shared = new SharedAgendaStore({ agenda: api, groups: groupsApi, wait });
  const freeTime = new FreeTimeStore({ freeTime: new FreeTimeApi(client), groups: groupsApi });
  const conflicts = new ConflictsStore({
    conflicts: new ConflictsApi(client),
    agenda: api,
    wait,
    nowMs: Date.now,
  });
  const cluster = new ClusterStore();
  const toasts = new Toasts();
  const markConflicts = new Coalesced(() => calendar.reload(), MARK_PAUSE_MS, wait);
  const live = new LiveConnection({
    url: `${location.origin.replace(/^http/, 'ws')}/ws`,
    accessToken: (lifeMs) => session.accessToken(lifeMs),
    replaceToken: (refused) => session.replaceToken(refused),
    onItems: (items) => {
      for (const item of items) applyLive(agenda, item);
      if (items.some(tellsOfConflict)) markConflicts.ask();
    },
    onReset: () => refetch(agenda),
  });
  const agenda: Agenda = {
    account,
    calendar,
    notifications,
    search,
    trash,
    calendars,
    people,
    groups,
    shared,
    freeTime,
    conflicts,
    cluster,
    live,
    toasts,
  };
  shared.onGone = (why) => toasts.show('info', why);
  followAccount(agenda);
  followNetwork(agenda, session);
  return agenda;
}

function applyLive(agenda: Agenda, item: LiveItem): void {
  agenda.calendar.applyLive(item);
  agenda.notifications.applyLive(item);
  agenda.groups.applyLive(item);
  agenda.shared.applyLive(item);
  agenda.conflicts.applyLive(item);
  if (item.kind === 'notification_added') agenda.toasts.show('info', item.notification.text);
  if (item.kind === 'profile_changed') agenda.account.adopt(item.user);
}

/** Which others it overlaps no event says: each of them is marked when the agenda is read again. */
function tellsOfConflict(item: LiveItem): boolean {
  return item.kind === 'notification_added' && item.notification.kind === 'conflict';
}

function refetch(agenda: Agenda): void {
  void agenda.calendar.reload();
  void agenda.notifications.reload();
  void agenda.groups.reload();
  void agenda.shared.reload();
  agenda.account.reload().catch((error) => console.warn('the profile could not be read again', error));
}

/** Everything that belongs to a user starts and ends with the user. */
function followAccount(agenda: Agenda): void {
  let userId: string | null = null;
  const follow = () => {
    const state = agenda.account.state.get();
    const now = state.phase === 'signed-in' ? state.user.id : null;
    if (now === userId) return;
    userId = now;
    agenda.live.stop();
    agenda.calendar.close();
    agenda.notifications.close();
    agenda.search.close();
    agenda.trash.close();
    agenda.groups.close();
    agenda.shared.close();
    agenda.freeTime.close();
    agenda.conflicts.close();
    if (now === null) return;
    agenda.calendar.open(now);
    agenda.groups.open();
    agenda.live.start();
  };
  agenda.account.state.subscribe(follow);
  follow();
}

function followNetwork(agenda: Agenda, session: Session): void {
  agenda.live.status.subscribe(() => {
    const status = agenda.live.status.get();
    if (status === 'live') {
      agenda.calendar.reloadIfNeeded();
      agenda.shared.reloadIfNeeded();
    }
    if (status === 'live' || status === 'offline') agenda.cluster.pollNow();
  });
  // A connection over which nothing comes looks the same as a quiet one.
  agenda.cluster.onUnreachable = () => {
    if (agenda.live.status.get() === 'live') agenda.live.retryNow();
  };
  const cameBack = () => {
    agenda.cluster.pollNow();
    if (agenda.live.status.get() === 'offline') agenda.live.retryNow();
  };
  window.addEventListener('online', cameBack);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') cameBack();
  });
  window.addEventListener('storage', (event) => {
    if (event.key === SESSION_KEY || event.key === null) session.storageChanged();
  });
}
