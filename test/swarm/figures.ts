/** What a test measured: printed beside it, and once more, all together, at the end of the run. */
import { appendFileSync } from 'node:fs';

export function figure(what: string, value: string): void {
  const line = `${what}: ${value}`;
  process.stdout.write(`        ${line}\n`);
  const file = process.env.FIGURES_FILE;
  if (file) appendFileSync(file, `${line}\n`);
}

/** Since `startedAtMs` by performance.now(). */
export function secondsSince(startedAtMs: number): string {
  return seconds((performance.now() - startedAtMs) / 1_000);
}

export function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}
