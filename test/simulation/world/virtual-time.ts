/**
 * The drivers' helpers (deadlines, waits) use the global timers and performance.now(). While a simulation runs, those
 * are the simulation's own.
 */
import type { World } from './world.ts';

class VirtualTimer {
  readonly #arm: (timer: VirtualTimer) => void;
  cancelled = false;
  /** Of the last arming: what was armed before does not fire. */
  arming = 0;

  constructor(arm: (timer: VirtualTimer) => void) {
    this.#arm = arm;
    arm(this);
  }

  refresh(): this {
    this.arming += 1;
    this.#arm(this);
    return this;
  }

  /** Simulated time keeps no process alive. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

/** @returns how to give the real ones back. */
export function installVirtualTime(world: World): () => void {
  const { setTimeout, clearTimeout, setInterval, clearInterval } = globalThis;
  const cancel = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.cancelled = true;
  };
  const schedule = (run: () => void, delayMs: number, timer: VirtualTimer): void => {
    const { arming } = timer;
    world.after(Math.max(1, delayMs) * 1_000, () => {
      if (!timer.cancelled && timer.arming === arming) run();
    });
  };
  const after = (run: () => void, delayMs = 0): VirtualTimer =>
    new VirtualTimer((timer) => schedule(run, delayMs, timer));
  const every = (run: () => void, intervalMs = 0): VirtualTimer =>
    new VirtualTimer((timer) => {
      const again = (): void => {
        schedule(again, intervalMs, timer);
        run();
      };
      schedule(again, intervalMs, timer);
    });
  Object.assign(globalThis, {
    setTimeout: after,
    clearTimeout: cancel,
    setInterval: every,
    clearInterval: cancel,
  });
  performance.now = () => world.nowUs / 1_000;
  return () => {
    Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval });
    Reflect.deleteProperty(performance, 'now');
  };
}
