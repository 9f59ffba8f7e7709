/** Trails in directories of their own, and events to fill them with. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditEvent, type AuditRecord, Level } from '@agenda/proto/audit/v1/audit';
import type { Database } from 'better-sqlite3';
import { AuditQueries } from '../query.ts';
import { AuditStore, type FedEntry, openDatabase } from '../store.ts';

export interface Trail {
  readonly db: Database;
  readonly store: AuditStore;
  readonly queries: AuditQueries;
}

export class Trails {
  readonly #directories: string[] = [];
  readonly #databases: Database[] = [];

  directory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'agenda-audit-'));
    this.#directories.push(directory);
    return directory;
  }

  open(directory = this.directory()): Trail {
    const db = openDatabase(directory);
    this.#databases.push(db);
    const store = new AuditStore(db);
    return { db, store, queries: new AuditQueries(db, store) };
  }

  /** Closes what is open, as the end of the process would. */
  close(): void {
    for (const db of this.#databases.splice(0)) db.close();
  }

  remove(): void {
    this.close();
    for (const directory of this.#directories.splice(0)) rmSync(directory, { recursive: true });
  }
}

export function eventOf(number: number, fields: Partial<AuditEvent> = {}): AuditEvent {
  return AuditEvent.fromPartial({
    id: Buffer.from(number.toString(16).padStart(32, '0'), 'hex'),
    atMs: 1_000 + number,
    level: Level.LEVEL_INFO,
    component: 'agenda',
    nodeId: 'agenda-1',
    action: 'appointment.created',
    outcome: 'ok',
    ...fields,
  });
}

export function entryOf(logIndex: number, ...events: AuditEvent[]): FedEntry {
  return { logIndex, events };
}

/** Entries 1 to `count`, one event each. */
export function entries(count: number): FedEntry[] {
  return Array.from({ length: count }, (_, at) => entryOf(at + 1, eventOf(at + 1)));
}

export function sequences(records: readonly AuditRecord[]): number[] {
  return records.map((record) => record.sequence);
}
