/** Ordered start and ordered stop of one process. */
import { flushCompileCache } from 'node:module';
import type { Logger } from './logger.ts';

const EXIT_BUG = 70;
const EXIT_SECOND_SIGNAL = 1;
const STOP_MS_DEFAULT = 5_000;

export interface Part {
  readonly name: string;
  readonly start?: () => Promise<void> | void;
  /** Also called when `start` failed, or when the stop comes while it still runs. */
  readonly stop?: () => Promise<void> | void;
  /** After this the part is reported and left behind. */
  readonly stopMs?: number;
}

/**
 * Parts start in the order in which they were added and stop in the reverse order, on SIGTERM, on SIGINT, or when the
 * parent that started this process goes away. A second signal ends the process at once. So does an error that nobody
 * caught: what runs on after it can no longer be trusted to acknowledge anything, and every service survives a kill.
 */
export class Lifecycle {
  readonly #logger: Logger;
  readonly #parts: Part[] = [];
  #started = 0;
  #stopping: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(part: Part): void {
    this.#parts.push(part);
  }

  /** Starts everything, tells the parent, and returns; the process then lives until it is asked to stop. */
  async run(): Promise<void> {
    this.#listen();
    for (const part of this.#parts) {
      if (this.#stopping) return this.#stopping;
      this.#started += 1;
      try {
        await part.start?.();
      } catch (error) {
        // A part that is stopped while it starts may well say so.
        if (this.#stopping) return this.#stopping;
        this.#logger.fatal({ err: error, part: part.name }, `cannot start: ${messageOf(error)}`);
        return this.shutdown(exitCodeOf(error));
      }
    }
    if (this.#stopping) return this.#stopping;
    // A process that is killed would leave nothing for the next start, which then keeps the type stripper in memory.
    flushCompileCache();
    // With a callback, because otherwise a parent that has just gone raises an error that nobody catches.
    process.send?.({ type: 'ready' }, undefined, undefined, (error) => {
      if (error) this.#onParentGone();
    });
  }

  /** Stops everything that was started and exits. */
  shutdown(exitCode: number): Promise<void> {
    this.#stopping ??= this.#stop(exitCode);
    return this.#stopping;
  }

  async #stop(exitCode: number): Promise<void> {
    for (const part of this.#parts.slice(0, this.#started).reverse()) await this.#stopPart(part);
    this.#logger.flush();
    process.exit(exitCode);
  }

  async #stopPart(part: Part): Promise<void> {
    if (!part.stop) return;
    const stopMs = part.stopMs ?? STOP_MS_DEFAULT;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), stopMs);
    });
    try {
      const ended = await Promise.race([Promise.resolve(part.stop()), late]);
      if (ended === 'late')
        this.#logger.error({ part: part.name, stopMs }, 'did not stop in time; left behind');
    } catch (error) {
      this.#logger.error({ err: error, part: part.name }, 'failed while stopping');
    } finally {
      clearTimeout(timer);
    }
  }

  #onParentGone(): void {
    if (this.#stopping) return;
    this.#logger.warn('the parent process is gone; stopping');
    void this.shutdown(0);
  }

  #listen(): void {
    const onSignal = (signal: NodeJS.Signals): void => {
      if (this.#stopping) process.exit(EXIT_SECOND_SIGNAL);
      this.#logger.info({ signal }, 'stopping');
      void this.shutdown(0);
    };
    process.on('SIGTERM', onSignal);
    process.on('SIGINT', onSignal);
    process.on('disconnect', () => this.#onParentGone());
    // It may have gone before anybody listened.
    if (process.send && !process.connected) this.#onParentGone();
    process.on('uncaughtException', (error) => {
      this.#logger.fatal({ err: error }, `unexpected error: ${messageOf(error)}`);
      this.#logger.flush();
      process.exit(EXIT_BUG);
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error may carry the exit code it stands for (`{ exitCode: 78 }`: configuration, not worth a restart). */
function exitCodeOf(error: unknown): number {
  const code = (error as { exitCode?: unknown } | undefined)?.exitCode;
  return typeof code === 'number' ? code : EXIT_BUG;
}
