/** Loads, keeps and changes the agenda that is on the screen. */

import type { AgendaApi, AgendaRange, AppointmentChange, NewAppointment } from '../../api/agenda-api.ts';
import { ApiError, explain } from '../../api/problem.ts';
import type { AgendaItem, Appointment, InvitationAnswer, LiveItem, Scope } from '../../api/types.ts';
import { Store } from '../../store.ts';
import {
  type AgendaItems,
  findById,
  itemOf,
  keyOf,
  NO_ITEMS,
  restored,
  withChanged,
  withLoaded,
  withMoved,
  withRemoved,
} from './agenda-items.ts';
import { WriteChains } from './write-chains.ts';

const DAY_MS = 86_400_000;
/** Fetched beyond both ends of what is on the screen, so that the next page is there before it is asked for. */
const MARGIN_DAYS_MAX = 31;

export interface AgendaState {
  readonly items: AgendaItems;
  readonly loading: boolean;
  /** Why the last load failed; what was loaded before stays. */
  readonly loadError: string | null;
  readonly truncated: boolean;
  readonly stale: boolean;
}

const EMPTY: AgendaState = {
  items: NO_ITEMS,
  loading: false,
  loadError: null,
  truncated: false,
  stale: false,
};

export class AgendaStore {
  readonly state = new Store<AgendaState>(EMPTY);
  readonly #api: AgendaApi;
  readonly #writes = new WriteChains();
  #viewerId = '';
  #range: AgendaRange | null = null;
  #load: AbortController | null = null;
  #changedSinceLoad = new Set<string>();

  constructor(api: AgendaApi) {
    this.#api = api;
  }

  open(viewerId: string): void {
    this.#viewerId = viewerId;
  }

  close(): void {
    this.#load?.abort();
    this.#load = null;
    this.#range = null;
    this.state.set(EMPTY);
  }

  /** @param start @param end What the grid shows. */
  show(start: Date, end: Date): void {
    const marginMs = Math.min(end.getTime() - start.getTime(), MARGIN_DAYS_MAX * DAY_MS);
    this.#range = {
      start: new Date(start.getTime() - marginMs).toISOString(),
      end: new Date(end.getTime() + marginMs).toISOString(),
    };
    void this.reload();
  }

  /** The newest load wins; the one under way is given up. */
  async reload(): Promise<void> {
    if (this.#range === null) return;
    this.#load?.abort();
    const load = new AbortController();
    this.#load = load;
    this.#changedSinceLoad = new Set();
    this.state.update({ loading: true });
    try {
      const { items, truncated, stale } = await this.#api.agenda(this.#range, { signal: load.signal });
      if (this.#load !== load) return;
      const merged = withLoaded(this.#items, items, this.#changedSinceLoad);
      this.state.set({ items: merged, loading: false, loadError: null, truncated, stale });
    } catch (error) {
      if (this.#load !== load) return;
      const ended = error instanceof ApiError && error.code === 'session_ended';
      this.state.update({ loading: false, loadError: ended ? null : explain(error) });
    }
  }

  /** After a reconnection: only if what is shown may be old or incomplete. */
  reloadIfNeeded(): void {
    const { loadError, stale } = this.state.get();
    if (loadError !== null || stale) void this.reload();
  }

  applyLive(item: LiveItem): void {
    if (item.kind === 'appointment_changed') this.#changed(item.appointment);
    if (item.kind === 'appointment_removed') this.#removed(item.appointmentId, item.version);
  }

  /** A newer state of it, that was learnt elsewhere. */
  adopt(appointment: Appointment): void {
    this.#changed(appointment);
  }

  async create(appointment: NewAppointment, idempotencyKey: string): Promise<void> {
    this.#changed(await this.#api.createAppointment(appointment, idempotencyKey));
  }

  change(item: AgendaItem, scope: Scope, change: AppointmentChange, idempotencyKey: string): Promise<void> {
    return this.#writes.run(item, async (version) => {
      const changed = await this.#api.updateAppointment(item, scope, version, change, idempotencyKey);
      this.#changed(changed);
      // What was changed for a part of a series is an appointment of its own now; the series has a newer version too.
      if (changed.id !== item.id) await this.reload();
      return changed.id === item.id ? changed.version : version;
    });
  }

  /** When the first of a series begins, whose occurrences only say when they do. */
  async seriesStart(item: AgendaItem): Promise<string> {
    return (await this.#api.appointment(item.id)).start;
  }

  /** Shows another time before anything is asked of the server; the answer, or `takeBack`, takes its place. */
  showAt(item: AgendaItem, { start, end, allDay }: Pick<AgendaItem, 'start' | 'end' | 'allDay'>): void {
    this.#setItems(withMoved(this.#items, { ...item, start, end, allDay }));
  }

  takeBack(item: AgendaItem): void {
    this.#setItems(restored(this.#items, item));
  }

  async remove(item: AgendaItem, scope: Scope, idempotencyKey: string): Promise<void> {
    await this.#writes.run(item, async (version) => {
      await this.#api.deleteAppointment(item, scope, version, idempotencyKey);
      if (item.recurrence === null) this.#removed(item.id, version);
      else await this.reload();
      return version;
    });
  }

  /** @throws ApiError `conflict` if something else takes that time and `allowConflict` is false. */
  async answer(
    item: AgendaItem,
    answer: InvitationAnswer,
    allowConflict: boolean,
    idempotencyKey: string,
  ): Promise<void> {
    this.#changed(await this.#api.answerInvitation(item.id, answer, allowConflict, idempotencyKey));
  }

  /** By id, from the server if it is not on the screen. Null: it no longer exists, or is not the viewer's. */
  async find(appointmentId: string): Promise<AgendaItem | null> {
    const known = findById(this.#items, appointmentId);
    if (known !== undefined) return known;
    const appointment = await this.#fetch(appointmentId);
    if (appointment === null || appointment.busyOnly) return null;
    // Far from what is on the screen, or in nobody's agenda but the owner's: a group's, of which the viewer is a member.
    return findById(this.#items, appointmentId) ?? itemOf(appointment, this.#viewerId);
  }

  /** The server's current version, which is also taken into the agenda. Null: it no longer exists. */
  async refresh(item: AgendaItem): Promise<AgendaItem | null> {
    if ((await this.#fetch(item.id)) === null) this.#removed(item.id, item.version);
    return this.#items.byKey.get(keyOf(item)) ?? null;
  }

  /** @returns null if it does not exist. */
  async #fetch(appointmentId: string): Promise<Appointment | null> {
    try {
      const appointment = await this.#api.appointment(appointmentId);
      if (appointment.busyOnly) return appointment;
      if (appointment.recurrence === null) this.#changed(appointment);
      else await this.reload();
      return appointment;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'not_found') throw error;
      return null;
    }
  }

  get #items(): AgendaItems {
    return this.state.get().items;
  }

  #setItems(items: AgendaItems): void {
    this.state.update({ items });
  }

  #changed(appointment: Appointment): void {
    const before = findById(this.#items, appointment.id)?.recurrence ?? null;
    if (appointment.recurrence !== null || before !== null) {
      void this.reload(); // When a series takes place, or no longer does, only the server knows.
      return;
    }
    this.#changedSinceLoad.add(appointment.id);
    this.#setItems(withChanged(this.#items, appointment, this.#viewerId));
  }

  #removed(appointmentId: string, version: number): void {
    this.#setItems(withRemoved(this.#items, appointmentId, version));
  }
}
