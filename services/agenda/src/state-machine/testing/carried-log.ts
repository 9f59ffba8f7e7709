/** A log on its way to another process, and what that one makes of it. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import type { LogEntry } from '../machine.ts';
import { TestLog } from '../testing.ts';
import { history, written } from './histories.ts';

const REPLAY = fileURLToPath(new URL('replay.ts', import.meta.url));
const REPLAY_MAX_MS = 120_000;
const DUMP_BYTES_MAX = 256 * 2 ** 20;

/** The command in base64. */
export type CarriedEntry = Omit<LogEntry, 'command'> & { readonly command: string };

/** The same histories for the same seed, one after the other in one log. */
export function sampleLog(seed: number, histories: number): TestLog {
  const log = new TestLog();
  for (const actions of fc.sample(history, { seed, numRuns: histories })) written(actions, undefined, log);
  return log;
}

/**
 * @param runtime the program that runs `.ts` files, and its first arguments.
 * @param env all of the environment that it gets.
 * @returns the rows and digests that it comes to, as `dump` writes them.
 */
export function replayedBy(
  [program, ...args]: readonly [string, ...string[]],
  env: NodeJS.ProcessEnv,
  entries: readonly LogEntry[],
): string {
  const carried = entries.map((entry) => ({
    ...entry,
    command: Buffer.from(entry.command ?? '').toString('base64'),
  }));
  const replayed = execFileSync(program, [...args, REPLAY], {
    env,
    input: JSON.stringify(carried satisfies CarriedEntry[]),
    maxBuffer: DUMP_BYTES_MAX,
    timeout: REPLAY_MAX_MS,
  });
  return replayed.toString();
}
