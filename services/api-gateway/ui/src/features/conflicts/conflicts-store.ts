/** What is in conflict in the viewer's agenda, from now on. Live events only say that something changed. */

import type { AgendaApi, AgendaRange } from '../../api/agenda-api.ts';
import type { ConflictsApi } from '../../api/conflicts-api.ts';
import { explain } from '../../api/problem.ts';
import type { LiveItem } from '../../api/types.ts';
import { Coalesced } from '../../coalesced.ts';
import { Store } from '../../store.ts';
import { type ConflictPair, pairsOf, rangeOfUnpaired } from './conflict-pairs.ts';

/** Looked through at first, and further each time that more is wanted. */
export const WEEKS = 4;
/** The server looks through 400 days at most. */
const WEEKS_MAX = 56;
const WEEK_MS = 7 * 86_400_000;
/** Between two readings that live events cause, however many there are. */
const REFRESH_PAUSE_MS = 300;

export interface ConflictsState {
  readonly pairs: readonly ConflictPair[];
  /** They are those of so many weeks from now on. */
  readonly weeks: number;
  /** They have been read once. */
  readonly known: boolean;
  readonly loading: boolean;
  readonly error: string | null;
}

const EMPTY: ConflictsState = { pairs: [], weeks: WEEKS, known: false, loading: false, error: null };

interface ConflictsPorts {
  readonly conflicts: Pick<ConflictsApi, 'inRange'>;
  readonly agenda: Pick<AgendaApi, 'agenda'>;
  readonly wait: (delayMs: number) => Promise<void>;
  readonly nowMs: () => number;
}

export class ConflictsStore {
  readonly state = new Store<ConflictsState>(EMPTY);
  readonly #ports: ConflictsPorts;
  readonly #refresh: Coalesced;
  /** The newest reading wins; the one under way is given up. Null: nobody looks. */
  #reading: AbortController | null = null;

  constructor(ports: ConflictsPorts) {
    this.#ports = ports;
    this.#refresh = new Coalesced(() => this.#reload(), REFRESH_PAUSE_MS, ports.wait);
  }

  /** From now on somebody looks. @param until This far at least; null: as usual. */
  open(until: string | null = null): Promise<void> {
    const weeks = until === null ? WEEKS : (Date.parse(until) - this.#ports.nowMs()) / WEEK_MS;
    const steps = Math.max(1, Math.ceil(weeks / WEEKS));
    return this.#read(Math.min(steps * WEEKS, WEEKS_MAX));
  }

  close(): void {
    this.#reading?.abort();
    this.#reading = null;
    this.state.set(EMPTY);
  }

  async loadMore(): Promise<void> {
    const { weeks, loading } = this.state.get();
    if (!loading && weeks < WEEKS_MAX) await this.#read(weeks + WEEKS);
  }

  applyLive(item: LiveItem): void {
    const looking = this.#reading !== null;
    if (!looking) return;
    if (item.kind === 'appointment_changed' || item.kind === 'appointment_removed') this.#refresh.ask();
  }

  async #reload(): Promise<void> {
    if (this.#reading !== null) await this.#read(this.state.get().weeks);
  }

  async #read(weeks: number): Promise<void> {
    this.#reading?.abort();
    const reading = new AbortController();
    this.#reading = reading;
    this.state.update({ loading: true });
    const nowMs = this.#ports.nowMs();
    const range = {
      start: new Date(nowMs).toISOString(),
      end: new Date(nowMs + weeks * WEEK_MS).toISOString(),
    };
    try {
      const pairs = await this.#pairsIn(range, reading.signal);
      if (this.#reading !== reading) return;
      this.state.set({ pairs, weeks, known: true, loading: false, error: null });
    } catch (error) {
      if (this.#reading === reading) this.state.update({ loading: false, error: explain(error) });
    }
  }

  async #pairsIn(range: AgendaRange, signal: AbortSignal): Promise<readonly ConflictPair[]> {
    const marked = await this.#ports.conflicts.inRange(range, { signal });
    const missing = rangeOfUnpaired(marked);
    if (missing === null) return pairsOf(marked, []);
    const { items } = await this.#ports.agenda.agenda(missing, { signal });
    return pairsOf(marked, items);
  }
}

/** There may be more further on. */
export function mayLookFurther({ known, weeks }: ConflictsState): boolean {
  return known && weeks < WEEKS_MAX;
}
