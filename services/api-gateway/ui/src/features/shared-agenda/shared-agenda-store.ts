/** Whose agenda the page shows, and the agendas of others as far as the viewer may see them. */

import type { AgendaApi, AgendaRange } from '../../api/agenda-api.ts';
import type { GroupsApi } from '../../api/groups-api.ts';
import { ApiError, explain } from '../../api/problem.ts';
import type { LiveItem } from '../../api/types.ts';
import { Coalesced } from '../../coalesced.ts';
import { Store } from '../../store.ts';
import { gather, NO_ENTRIES, type SharedEntries, type ShownPerson } from './shared-entries.ts';

/** Between two readings that live events cause, however many there are. */
const REFRESH_PAUSE_MS = 400;

export type Whose =
  | { readonly kind: 'own' }
  | { readonly kind: 'group'; readonly groupId: string }
  | { readonly kind: 'person'; readonly person: ShownPerson };

export interface SharedAgendaState {
  readonly whose: Whose;
  /** Whose agendas they are; of a group the highest rank first. */
  readonly people: readonly ShownPerson[];
  readonly entries: SharedEntries;
  /** Ids of people who were taken out of sight. */
  readonly hidden: ReadonlySet<string>;
  readonly loading: boolean;
  /** Why the last load failed; what was loaded before stays. */
  readonly loadError: string | null;
  readonly truncated: boolean;
  readonly stale: boolean;
}

const OWN: SharedAgendaState = {
  whose: { kind: 'own' },
  people: [],
  entries: NO_ENTRIES,
  hidden: new Set(),
  loading: false,
  loadError: null,
  truncated: false,
  stale: false,
};

export interface SharedAgendaPorts {
  readonly agenda: Pick<AgendaApi, 'agendaOfGroup' | 'agendaOfPerson'>;
  readonly groups: Pick<GroupsApi, 'members'>;
  readonly wait: (delayMs: number) => Promise<void>;
}

export class SharedAgendaStore {
  readonly state = new Store<SharedAgendaState>(OWN);
  /** The agenda that was shown may no longer be seen; the own one is shown instead. */
  onGone: (why: string) => void = () => {};
  readonly #ports: SharedAgendaPorts;
  readonly #refresh: Coalesced;
  #range: AgendaRange | null = null;
  #load: AbortController | null = null;

  constructor(ports: SharedAgendaPorts) {
    this.#ports = ports;
    this.#refresh = new Coalesced(() => this.reload(), REFRESH_PAUSE_MS, ports.wait);
  }

  close(): void {
    this.showOwn();
    this.#range = null;
  }

  showOwn(): void {
    this.#stop();
    this.state.set(OWN);
  }

  showGroup(groupId: string): void {
    this.#choose({ kind: 'group', groupId }, []);
  }

  showPerson(person: ShownPerson): void {
    this.#choose({ kind: 'person', person }, [person]);
  }

  #choose(whose: Whose, people: readonly ShownPerson[]): void {
    this.#stop();
    this.state.set({ ...OWN, whose, people });
    void this.reload();
  }

  /** Takes somebody's entries out of sight, or shows them again. */
  toggle(userId: string): void {
    const hidden = new Set(this.state.get().hidden);
    if (!hidden.delete(userId)) hidden.add(userId);
    this.state.update({ hidden });
  }

  /** @param start @param end What the grid shows: of many people that is much, so there is no margin. */
  show(start: Date, end: Date): void {
    this.#range = { start: start.toISOString(), end: end.toISOString() };
    void this.reload();
  }

  /** The newest load wins; the one under way is given up. */
  async reload(): Promise<void> {
    const { whose } = this.state.get();
    this.#stop();
    if (this.#range === null || whose.kind === 'own') return;
    const load = new AbortController();
    this.#load = load;
    this.state.update({ loading: true });
    try {
      const [{ items, truncated, stale }, people] = await this.#read(whose, this.#range, load.signal);
      if (this.#load !== load) return;
      this.state.update({
        entries: gather(items),
        people,
        loading: false,
        loadError: null,
        truncated,
        stale,
      });
    } catch (error) {
      if (this.#load === load) this.#failed(error, whose);
    }
  }

  #read(whose: Exclude<Whose, { kind: 'own' }>, range: AgendaRange, signal: AbortSignal) {
    const { agenda, groups } = this.#ports;
    return whose.kind === 'group'
      ? Promise.all([agenda.agendaOfGroup(whose.groupId, range, { signal }), groups.members(whose.groupId)])
      : Promise.all([agenda.agendaOfPerson(whose.person.userId, range, { signal }), [whose.person]]);
  }

  #failed(error: unknown, whose: Whose): void {
    const code = error instanceof ApiError ? error.code : '';
    if (code === 'forbidden' || code === 'not_found') {
      this.showOwn();
      this.onGone(
        whose.kind === 'person' ? 'You no longer share a group.' : 'You are no longer in that group.',
      );
      return;
    }
    this.state.update({ loading: false, loadError: code === 'session_ended' ? null : explain(error) });
  }

  /** After a reconnection: only if what is shown may be old or incomplete. */
  reloadIfNeeded(): void {
    const { loadError, stale } = this.state.get();
    if (loadError !== null || stale) void this.reload();
  }

  /** Reads again soon. */
  refresh(): void {
    if (this.state.get().whose.kind !== 'own') this.#refresh.ask();
  }

  /** An event tells what happened to the viewer; what it means for the agendas of others only the server knows. */
  applyLive(item: LiveItem): void {
    if (REFRESHED_BY.has(item.kind)) this.refresh();
  }

  #stop(): void {
    this.#load?.abort();
    this.#load = null;
  }
}

const REFRESHED_BY: ReadonlySet<LiveItem['kind']> = new Set([
  'appointment_changed',
  'appointment_removed',
  'group_changed',
  'group_removed',
]);
