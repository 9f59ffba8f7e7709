/**
 * Loaded into every process of a pod before its own code (`node --import`): its wall clock is off by what stands in the
 * file CLOCK_SHIFTS/NODE_ID, a double, in milliseconds, which may change at any moment. What only measures time
 * (performance.now, timers) goes on as it is, as when NTP sets a clock.
 */
import { openSync, readSync } from 'node:fs';
import { join } from 'node:path';

const RealDate = globalThis.Date;
const { CLOCK_SHIFTS, NODE_ID } = process.env as Record<string, string>;
const file = openSync(join(CLOCK_SHIFTS as string, NODE_ID as string), 'r');
const shift = new Float64Array(1);

// Read each time, so that all processes of a pod jump at the same moment.
function now(): number {
  readSync(file, shift, 0, shift.byteLength, 0);
  return RealDate.now() + Math.round(shift[0] as number);
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
});
