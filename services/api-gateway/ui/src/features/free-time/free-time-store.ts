/** What a time is looked for, and the times that were found. What was asked last is kept for the next time. */

import type { AgendaRange } from '../../api/agenda-api.ts';
import type { FreeSlot, FreeTimeApi } from '../../api/free-time-api.ts';
import type { GroupsApi } from '../../api/groups-api.ts';
import type { User } from '../../api/types.ts';
import { Store } from '../../store.ts';
import { type BusyPerson, busiestOf, whoHasToCome } from './busy-people.ts';
import { type FreeTimeForm, questionOf } from './free-time-form.ts';

export interface FreeTimeState {
  /** Null: nothing was asked yet. */
  readonly form: FreeTimeForm | null;
  readonly asking: boolean;
  /** To `form`; null: there is none. */
  readonly slots: readonly FreeSlot[] | null;
  /** Where there are no slots: who is most in the way, once that is known. */
  readonly busiest: readonly BusyPerson[];
  /** Why there is no answer; null: nothing went wrong. */
  readonly failure: unknown;
}

const EMPTY: FreeTimeState = { form: null, asking: false, slots: null, busiest: [], failure: null };

interface FreeTimePorts {
  readonly freeTime: Pick<FreeTimeApi, 'slots' | 'busy'>;
  readonly groups: Pick<GroupsApi, 'members'>;
}

type Viewer = Pick<User, 'id' | 'timeZone'>;

export class FreeTimeStore {
  readonly state = new Store<FreeTimeState>(EMPTY);
  readonly #ports: FreeTimePorts;
  /** The newest question wins; the one under way is given up. */
  #asking: AbortController | null = null;

  constructor(ports: FreeTimePorts) {
    this.#ports = ports;
  }

  close(): void {
    this.#giveUp();
    this.state.set(EMPTY);
  }

  /** The answer, which does not stay true; not the question. */
  forget(): void {
    this.#giveUp();
    this.state.set({ ...EMPTY, form: this.state.get().form });
  }

  /** @param form Without errors. Its days begin and end where the viewer is. */
  async ask(form: FreeTimeForm, viewer: Viewer): Promise<void> {
    this.#giveUp();
    const asking = new AbortController();
    this.#asking = asking;
    this.state.set({ ...EMPTY, form, asking: true });
    const question = questionOf(form, viewer.timeZone);
    try {
      const slots = await this.#ports.freeTime.slots(question, { signal: asking.signal });
      if (this.#asking !== asking) return;
      this.state.update({ slots, asking: false });
      if (slots.length > 0) return;
      const busiest = await this.#busiest(form, viewer.id, question, asking.signal);
      if (this.#asking === asking) this.state.update({ busiest });
    } catch (failure) {
      if (this.#asking === asking) this.state.update({ failure, asking: false });
    }
  }

  /** It is only advice: where it cannot be given, the answer stands without. */
  async #busiest(
    form: FreeTimeForm,
    viewerId: string,
    { start, end }: AgendaRange,
    signal: AbortSignal,
  ): Promise<readonly BusyPerson[]> {
    try {
      const members = form.groupId === null ? [] : await this.#ports.groups.members(form.groupId);
      const people = whoHasToCome(form, members, viewerId);
      if (people.length === 0) return [];
      const ids = people.map(({ id }) => id);
      return busiestOf(people, await this.#ports.freeTime.busy(ids, { start, end }, { signal }), {
        start,
        end,
      });
    } catch {
      return [];
    }
  }

  #giveUp(): void {
    this.#asking?.abort();
    this.#asking = null;
  }
}
