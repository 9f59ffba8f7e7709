/**
 * The drivers' helpers (deadlines, waits) use the global timers and performance.now(). While a simulation runs, those
 * are the simulation's own.
 */
import type { World } from './world.ts';

class VirtualTimer {
  cancelled = false;

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
  const after = (run: () => void, delayMs = 0): VirtualTimer => {
    const timer = new VirtualTimer();
    world.after(Math.max(1, delayMs) * 1_000, () => {
      if (!timer.cancelled) run();
    });
    return timer;
  };
  const every = (run: () => void, intervalMs = 0): VirtualTimer => {
    const timer = new VirtualTimer();
    const next = (): void =>
      world.after(Math.max(1, intervalMs) * 1_000, () => {
        if (timer.cancelled) return;
        next();
        run();
      });
    next();
    return timer;
  };
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
