/** What an operator must look at, from the moment it is wrong until it is right again. */

export type AlarmCode =
  /** Those four are the last word of a node that stops. */
  | 'disk_full'
  | 'disk_failed'
  | 'log_corrupt'
  | 'node_failed'
  | 'digest_undecided'
  | 'diverged'
  | 'snapshot_failed'
  | 'state_lost'
  | 'clock_skew'
  | 'disk_stalled'
  | 'duplicate_member'
  | 'feature_level'
  | 'state_machine_detached'
  | 'state_machine_refused'
  | 'state_machine_stalled';

export interface Alarm {
  readonly code: AlarmCode;
  readonly message: string;
  readonly sinceMs: number;
}

export class Alarms {
  readonly #nowMs: () => number;
  readonly #onChange: (alarm: Alarm, raised: boolean) => void;
  readonly #active = new Map<AlarmCode, Alarm>();

  constructor(nowMs: () => number, onChange: (alarm: Alarm, raised: boolean) => void) {
    this.#nowMs = nowMs;
    this.#onChange = onChange;
  }

  /** Keeps its first time while it lasts. */
  raise(code: AlarmCode, message: string): void {
    if (this.#active.has(code)) return;
    const alarm = { code, message, sinceMs: this.#nowMs() };
    this.#active.set(code, alarm);
    this.#onChange(alarm, true);
  }

  clear(code: AlarmCode): void {
    const alarm = this.#active.get(code);
    if (!alarm) return;
    this.#active.delete(code);
    this.#onChange(alarm, false);
  }

  list(): readonly Alarm[] {
    return [...this.#active.values()];
  }
}
