/** Every endpoint that the page uses, typed; the only file that knows their paths. */

import type { ApiClient, ReadOptions } from './client.ts';
import { ApiError } from './problem.ts';
import type {
  AgendaItem,
  Appointment,
  AppointmentFields,
  InvitationAnswer,
  Invitee,
  Notification,
  Page,
  Recurrence,
  Scope,
  SessionGrant,
  User,
} from './types.ts';

const PAGE_ITEMS_MAX = 200;
/** An agenda with more in one range is shown up to here, and the page says so. */
const AGENDA_PAGES_MAX = 10;

export interface Registration {
  readonly username: string;
  readonly password: string;
  readonly displayName: string;
  readonly email?: string;
  readonly timeZone: string;
}

/** What is left out stays as it is. */
export type ProfileChange = Partial<Pick<User, 'displayName' | 'email' | 'timeZone'>>;

export interface NewAppointment extends AppointmentFields {
  readonly recurrence: Recurrence | null;
  readonly participants: readonly Invitee[];
  /** All members of it are asked, too. */
  readonly groupId: string | null;
  readonly allowConflict: boolean;
}

/** What is left out stays as it is. */
export interface AppointmentChange extends Partial<AppointmentFields> {
  readonly recurrence?: Recurrence | null;
  readonly participants?: readonly Invitee[];
  readonly allowConflict: boolean;
}

export interface AgendaRange {
  /** Instants; half-open. */
  readonly start: string;
  readonly end: string;
}

/** What a viewer sees of what is private to somebody else. */
interface BusyItem extends Pick<AgendaItem, 'userId' | 'start' | 'end'> {
  readonly busyOnly: true;
}

export interface LoadedAgenda {
  readonly items: readonly AgendaItem[];
  /** There is more than the page shows. */
  readonly truncated: boolean;
  /** Read from this replica alone, because no leader could confirm that it is up to date. */
  readonly stale: boolean;
}

export class AgendaApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  register(registration: Registration, idempotencyKey: string): Promise<User> {
    return this.#client.write('POST', '/api/register', registration, {
      idempotencyKey,
      anonymous: true,
    });
  }

  login(username: string, password: string, idempotencyKey: string): Promise<SessionGrant> {
    const body = { username, password };
    return this.#client.write('POST', '/api/login', body, { idempotencyKey, anonymous: true });
  }

  logout(idempotencyKey: string): Promise<void> {
    return this.#client.write('POST', '/api/logout', undefined, { idempotencyKey });
  }

  me(): Promise<User> {
    return this.#client.read('/api/me');
  }

  updateProfile(change: ProfileChange, version: number, idempotencyKey: string): Promise<User> {
    return this.#client.write('PUT', '/api/me/profile', change, { idempotencyKey, version });
  }

  changePassword(currentPassword: string, newPassword: string, idempotencyKey: string): Promise<void> {
    return this.#client.write(
      'PUT',
      '/api/me/password',
      { currentPassword, newPassword },
      { idempotencyKey },
    );
  }

  /** All that overlaps the range. Without a leader: what this replica knows, marked as stale. */
  agenda(range: AgendaRange, options: ReadOptions = {}): Promise<LoadedAgenda> {
    return this.#agenda('/api/agenda', range, options);
  }

  /** That of somebody with whom the viewer shares a group. */
  agendaOfPerson(userId: string, range: AgendaRange, options: ReadOptions = {}): Promise<LoadedAgenda> {
    return this.#agenda(`/api/users/${encodeURIComponent(userId)}/agenda`, range, options);
  }

  /** Those of all members; what several have comes once for each. */
  agendaOfGroup(groupId: string, range: AgendaRange, options: ReadOptions = {}): Promise<LoadedAgenda> {
    return this.#agenda(`/api/groups/${encodeURIComponent(groupId)}/agenda`, range, options);
  }

  async #agenda(path: string, range: AgendaRange, options: ReadOptions): Promise<LoadedAgenda> {
    try {
      return await this.#agendaPages(path, range, false, options);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'no_leader') throw error;
      return this.#agendaPages(path, range, true, options);
    }
  }

  async #agendaPages(
    path: string,
    range: AgendaRange,
    stale: boolean,
    options: ReadOptions,
  ): Promise<LoadedAgenda> {
    const items: AgendaItem[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < AGENDA_PAGES_MAX; page += 1) {
      const query = new URLSearchParams({
        start: range.start,
        end: range.end,
        limit: String(PAGE_ITEMS_MAX),
        ...(stale ? { consistency: 'stale' } : {}),
        ...(cursor === null ? {} : { cursor }),
      });
      const answer: Page<AgendaItem | BusyItem> = await this.#client.read(`${path}?${query}`, options);
      items.push(...answer.items.map((item) => ('id' in item ? item : wholeItem(item))));
      cursor = answer.nextCursor;
      if (cursor === null) return { items, truncated: false, stale };
    }
    return { items, truncated: true, stale };
  }

  appointment(id: string): Promise<Appointment> {
    return this.#client.read(`/api/appointments/${encodeURIComponent(id)}`);
  }

  createAppointment(appointment: NewAppointment, idempotencyKey: string): Promise<Appointment> {
    return this.#client.write('POST', '/api/appointments', appointment, { idempotencyKey });
  }

  /** @param scope Of what repeats, which of its occurrences; else nothing depends on it. */
  updateAppointment(
    item: AgendaItem,
    scope: Scope,
    version: number,
    change: AppointmentChange,
    idempotencyKey: string,
  ): Promise<Appointment> {
    return this.#client.write('PATCH', pathOf(item, scope), change, { idempotencyKey, version });
  }

  /** @param scope As in a change. */
  deleteAppointment(item: AgendaItem, scope: Scope, version: number, idempotencyKey: string): Promise<void> {
    return this.#client.write('DELETE', pathOf(item, scope), undefined, { idempotencyKey, version });
  }

  answerInvitation(
    id: string,
    answer: InvitationAnswer,
    allowConflict: boolean,
    idempotencyKey: string,
  ): Promise<Appointment> {
    const path = `/api/appointments/${encodeURIComponent(id)}/${answer}`;
    const body = answer === 'accept' ? { allowConflict } : undefined;
    return this.#client.write('POST', path, body, { idempotencyKey });
  }

  notifications(cursor: string | null, limit: number): Promise<Page<Notification>> {
    const query = new URLSearchParams({ limit: String(limit), ...(cursor === null ? {} : { cursor }) });
    return this.#client.read(`/api/notifications?${query}`);
  }

  /** The newest unread ones, and how many there are in all. */
  unread(limit: number): Promise<Page<Notification> & { readonly count: number }> {
    return this.#client.read(`/api/notifications/unread?limit=${limit}`);
  }

  markRead(notificationId: string, idempotencyKey: string): Promise<void> {
    const path = `/api/notifications/${encodeURIComponent(notificationId)}/read`;
    return this.#client.write('POST', path, undefined, { idempotencyKey });
  }

  markAllRead(idempotencyKey: string): Promise<void> {
    return this.#client.write('POST', '/api/notifications/read', undefined, { idempotencyKey });
  }
}

function pathOf({ id, recurrence, recurrenceStart }: AgendaItem, scope: Scope): string {
  const path = `/api/appointments/${encodeURIComponent(id)}`;
  if (recurrence === null || recurrenceStart === null || scope === 'all') return path;
  return `${path}?${new URLSearchParams({ scope, recurrenceStart })}`;
}

/** Two that cannot be told apart have the same id. */
function wholeItem(busy: BusyItem): AgendaItem {
  return { ...NOTHING_KNOWN, ...busy, id: `busy:${busy.userId}:${busy.start}:${busy.end}` };
}

const NOTHING_KNOWN = {
  ownerId: '',
  groupId: null,
  title: '',
  description: '',
  location: '',
  timeZone: 'UTC',
  allDay: false,
  privacy: 'freebusy',
  reminderMinutes: [],
  status: 'accepted',
  version: 0,
  originNode: '',
  createdAt: '',
  updatedAt: '',
  deletedAt: null,
  participants: [],
  recurrence: null,
  seriesId: null,
  recurrenceStart: null,
  myStatus: null,
  conflict: false,
} as const;
