/** Waits for a state of the driver: who leads, what is committed. */
import { ServiceError } from '@agenda/service-kit/errors';
import type { Driver } from './driver.ts';

export class StateWatch {
  readonly #checks = new Set<() => void>();

  constructor(driver: Driver) {
    const check = (): void => {
      for (const run of [...this.#checks]) run();
    };
    driver.onCommit(check);
    driver.onLeadership(check);
  }

  /** Resolves as soon as `look` finds something. Rejects with `timeout` at the deadline. */
  until<T>(look: () => T | undefined, deadlineMs: number, awaited: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        this.#checks.delete(check);
        clearTimeout(timer);
        settle();
      };
      const check = (): void => {
        const found = look();
        if (found !== undefined) finish(() => resolve(found));
      };
      const timer = setTimeout(
        () => finish(() => reject(new ServiceError('timeout', `${awaited} did not happen in time`))),
        deadlineMs,
      );
      this.#checks.add(check);
      check();
    });
  }
}
