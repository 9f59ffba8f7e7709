/** What has to be seen to without anybody asking: by the leader's agenda, so that it is proposed once, as a rule. */
import type { Logger } from '@agenda/service-kit/logger';
import type { LeadershipWatch } from '../apply/leadership-watch.ts';

/** How often a task is looked at. */
const TICK_MS = 500;

export interface Clock {
  nowMs(): number;
  /** @returns what gives it up. */
  after(delayMs: number, what: () => void): () => void;
}

export const SYSTEM_CLOCK: Clock = {
  nowMs: () => Date.now(),
  after: (delayMs, what) => {
    const timer = setTimeout(what, delayMs);
    return () => clearTimeout(timer);
  },
};

export interface Task {
  readonly name: string;
  /** Rest after a turn that found nothing more to do. */
  readonly restMs: number;
  /**
   * One turn, bounded; proposes, and waits for what became of it.
   *
   * @returns whether there is more.
   */
  run(nowMs: number): Promise<boolean>;
}

export interface MaintenanceOptions {
  readonly leadership: Pick<LeadershipWatch, 'current' | 'acceptsWrites'>;
  readonly tasks: readonly Task[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One task after the other, while this pod leads. Apply decides: two that believe to lead do no harm. */
export class Maintenance {
  readonly #options: MaintenanceOptions;
  /** When each task is due; a new leader begins with all of them. */
  readonly #dueAtMs = new Map<Task, number>();
  #cancel: (() => void) | undefined;
  #turn: Promise<void> = Promise.resolve();
  #stopped = true;

  constructor(options: MaintenanceOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#schedule();
  }

  /** Waits for the turn under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#turn;
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(TICK_MS, () => {
      this.#turn = this.#tick().then(() => this.#schedule());
    });
  }

  async #tick(): Promise<void> {
    const { leadership, tasks, clock } = this.#options;
    if (!leadership.current.isLeader || !leadership.acceptsWrites) {
      this.#dueAtMs.clear();
      return;
    }
    for (const task of tasks) {
      if (this.#stopped) return;
      if (clock.nowMs() >= (this.#dueAtMs.get(task) ?? 0)) await this.#run(task);
    }
  }

  async #run(task: Task): Promise<void> {
    const { clock, logger } = this.#options;
    const nowMs = clock.nowMs();
    try {
      const more = await task.run(nowMs);
      this.#dueAtMs.set(task, more ? nowMs : nowMs + task.restMs);
    } catch (error) {
      // No leader any more, or it took too long: whoever leads next does it. The rest keeps a lasting error quiet.
      this.#dueAtMs.set(task, nowMs + Math.max(task.restMs, TICK_MS));
      logger.warn({ err: error, task: task.name }, 'maintenance failed; it is tried again');
    }
  }
}
