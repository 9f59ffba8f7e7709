/** What the replicas hold on their disks: it must be the same, row by row and link by link. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { READY_MS } from './cluster.ts';
import { until } from './until.ts';

/** Every table that is the same on all replicas, row by row. */
export function stateIn(dataDir: string): Map<string, unknown[]> {
  return reading(join(dataDir, 'agenda', 'agenda.db'), (db) => {
    const tables = db
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'local_state' ORDER BY name")
      .all() as { name: string }[];
    return new Map(tables.map(({ name }) => [name, db.prepare(`SELECT * FROM ${name}`).raw().all()]));
  });
}

/** The audit trail: each record's place, entry and hash. */
export function chainIn(dataDir: string): string[] {
  return reading(join(dataDir, 'audit', 'audit.db'), (db) => {
    const rows = db.prepare('SELECT sequence, log_index, hash FROM records ORDER BY sequence').all();
    return (rows as { sequence: number; log_index: number; hash: Buffer }[]).map(
      ({ sequence, log_index, hash }) => `${sequence} ${log_index} ${hash.toString('hex')}`,
    );
  });
}

/** So many records of that action by that node. */
export function countInTrail(dataDir: string, action: string, nodeId: string): number {
  return reading(join(dataDir, 'audit', 'audit.db'), (db) => {
    const statement = db.prepare('SELECT count(*) FROM records WHERE action = ? AND node_id = ?').pluck();
    return statement.get(action, nodeId) as number;
  });
}

/** At the latest when nothing is written any more. */
export async function untilSame(dataDirs: readonly string[]): Promise<void> {
  await until('all replicas and their trails are the same', READY_MS, async () => {
    const states = dataDirs.map(stateIn);
    assert.ok((states[0]?.get('appointments')?.length ?? 0) > 0);
    assertAllEqual(
      'state',
      states.map((state) => JSON.stringify([...state])),
      dataDirs,
    );
    assertAllEqual(
      'trail',
      dataDirs.map((dataDir) => chainIn(dataDir).join()),
      dataDirs,
    );
    return true;
  });
}

function assertAllEqual(what: string, values: readonly string[], dataDirs: readonly string[]): void {
  const others = dataDirs.filter((_dataDir, at) => values[at] !== values[0]);
  assert.deepEqual(others, [], `the ${what} in ${dataDirs[0]} is not that in these`);
}

function reading<T>(path: string, read: (db: Database.Database) => T): T {
  const db = new Database(path, { readonly: true });
  try {
    return read(db);
  } finally {
    db.close();
  }
}
