/** The large agenda of the benches: made once, kept in `.cache/`, because writing it takes minutes. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../services/agenda/src/apply/database.ts';
import { StateMachine } from '../../services/agenda/src/state-machine/machine.ts';
import { DataWriter, type Sizes } from './agenda-data-writer.ts';

const CACHE = join(dirname(fileURLToPath(import.meta.url)), '../../.cache');

export const SIZES: Sizes = {
  users: 10_000,
  groups: 500,
  appointments: Number(process.env.BENCH_APPOINTMENTS ?? 1_000_000),
};

/** Of the database. The number at its end changes with what is written, so that an old file is not taken for a new one. */
export const LARGE_AGENDA: string = join(CACHE, `agenda-${SIZES.appointments}-4`);

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function makeLargeAgenda(): void {
  if (existsSync(LARGE_AGENDA)) return;
  const partial = `${LARGE_AGENDA}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const db = openDatabase(partial);
  db.pragma('synchronous = OFF');
  const startedAt = performance.now();
  new DataWriter(new StateMachine(db)).write(SIZES, (done) =>
    say(`  ${done} appointments written, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`),
  );
  db.close();
  renameSync(partial, LARGE_AGENDA);
}
