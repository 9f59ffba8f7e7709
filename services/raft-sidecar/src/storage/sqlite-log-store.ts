/** The log in SQLite: WAL, one fsync for everything that one Ready asks for. */
import type { Statement } from 'better-sqlite3';
import { entryBytes } from '../core/log.ts';
import type { Entry, HardState, SnapshotMetadata } from '../core/types.ts';
import type { RaftDatabase } from './database.ts';
import { diskErrorOf } from './disk-error.ts';
import { CorruptLogError, type EntryRow, entryOfRow, pushRow, ROW_COLUMNS } from './entry-row.ts';
import { EntryTail } from './entry-tail.ts';
import { LogStart } from './log-start.ts';
import type { LogStore, LogWrite, StoredConfiguration } from './log-store.ts';
import { MetaTable } from './meta-table.ts';

/** One statement of 16 rows costs half of 16 statements of one row; more rows gain nothing. */
const ROWS_PER_INSERT = 16;
/** Free pages that stay in the file for what is appended next. */
const FREE_PAGES_KEPT = 1_024;
/** Given back to the disk at a time. */
const FREE_PAGES_STEP = 1_024;

export class SqliteLogStore implements LogStore {
  readonly #database: RaftDatabase;
  readonly #meta: MetaTable;
  readonly #start: LogStart;
  readonly #tail: EntryTail;
  readonly #insertOne: Statement;
  readonly #insertMany: Statement;
  readonly #deleteFrom: Statement<[number]>;
  readonly #deleteThrough: Statement<[number]>;
  readonly #size: Statement<[number, number], { bytes: number }>;
  readonly #selectRange: Statement<[number, number], EntryRow>;
  readonly #commit: (change: LogWrite, hardState: HardState) => void;
  #lastIndex: number;
  #logBytes = 0;
  #configurations: StoredConfiguration[] = [];
  #hardState: HardState;
  #clusterId: string;
  #bootstrapped: boolean;
  #lastApplied: number;
  /** What of the lazily stored values is on disk. */
  #storedCommitIndex: number;
  #storedLastApplied: number;

  /** Reads and checks the whole log. @throws CorruptLogError */
  constructor(database: RaftDatabase, tail: EntryTail = new EntryTail()) {
    this.#database = database;
    this.#meta = new MetaTable(database);
    this.#start = new LogStart(this.#meta);
    this.#lastIndex = this.#start.index;
    this.#tail = tail;
    const row = `(${Array(ROW_COLUMNS).fill('?').join(', ')})`;
    const rows = Array(ROWS_PER_INSERT).fill(row).join(', ');
    this.#insertOne = database.prepare(`INSERT INTO raft_log VALUES ${row}`);
    this.#insertMany = database.prepare(`INSERT INTO raft_log VALUES ${rows}`);
    this.#deleteFrom = database.prepare('DELETE FROM raft_log WHERE idx >= ?');
    this.#deleteThrough = database.prepare('DELETE FROM raft_log WHERE idx <= ?');
    this.#size = database.prepare(
      'SELECT COALESCE(SUM(length(data)), 0) AS bytes FROM raft_log WHERE idx BETWEEN ? AND ?',
    );
    this.#selectRange = database.prepare('SELECT * FROM raft_log WHERE idx BETWEEN ? AND ? ORDER BY idx');
    this.#commit = database.transaction((change: LogWrite, hardState: HardState) =>
      this.#store(change, hardState),
    );
    this.#hardState = {
      term: this.#meta.number('currentTerm'),
      votedFor: this.#meta.text('votedFor'),
      commitIndex: this.#meta.number('commitIndex'),
    };
    this.#clusterId = this.#meta.text('clusterId');
    this.#bootstrapped = this.#meta.number('bootstrapped') === 1;
    this.#lastApplied = this.#meta.number('lastApplied');
    this.#storedCommitIndex = this.#hardState.commitIndex;
    this.#storedLastApplied = this.#lastApplied;
    this.#load();
  }

  get hardState(): HardState {
    return this.#hardState;
  }

  get clusterId(): string {
    return this.#clusterId;
  }

  get bootstrapped(): boolean {
    return this.#bootstrapped;
  }

  get logBytes(): number {
    return this.#logBytes;
  }

  configurations(): readonly StoredConfiguration[] {
    return this.#configurations;
  }

  firstIndex(): number {
    return this.#start.index + 1;
  }

  lastIndex(): number {
    return this.#lastIndex;
  }

  term(index: number): number | undefined {
    if (index <= this.#start.index || index > this.#lastIndex) return this.#start.term(index);
    return (this.#tail.at(index) ?? this.#read(index, index, 1)[0])?.term;
  }

  entries(from: number, to: number, bytesMax: number): readonly Entry[] {
    if (from <= this.#start.index)
      throw new RangeError(`entry ${from} is compacted; the log starts at ${this.firstIndex()}`);
    const last = Math.min(to, this.#lastIndex);
    if (from > last) return [];
    const tailStart = this.#tail.firstIndex ?? this.#lastIndex + 1;
    if (from >= tailStart) return this.#tail.slice(from, last, bytesMax);
    return this.#read(from, Math.min(last, tailStart - 1), bytesMax);
  }

  snapshot(): SnapshotMetadata | undefined {
    return this.#start.snapshot;
  }

  write(change: LogWrite): void {
    const before = this.#hardState;
    const { restored } = change;
    const hardState = restored ? { ...before, commitIndex: restored.index } : (change.hardState ?? before);
    const entries = change.entries ?? [];
    const mustStore =
      entries.length > 0 ||
      hardState.term !== before.term ||
      hardState.votedFor !== before.votedFor ||
      change.clusterId !== undefined ||
      change.bootstrapped !== undefined ||
      change.snapshot !== undefined ||
      restored !== undefined;
    // Stored first: of a write that failed the commit index may be that of entries that are not there.
    if (mustStore) this.#guarded(() => this.#commit(change, hardState));
    this.#hardState = hardState;
    if (!mustStore) return;
    this.#clusterId = change.clusterId ?? this.#clusterId;
    this.#bootstrapped = change.bootstrapped ?? this.#bootstrapped;
    this.#storedCommitIndex = hardState.commitIndex;
    this.#storedLastApplied = this.#lastApplied;
    if (change.snapshot) this.#start.noted(change.snapshot);
    if (restored) this.#restored(restored);
    this.#append(entries);
  }

  compact(throughIndex: number): void {
    if (throughIndex <= this.#start.index) return;
    const { snapshot } = this.#start;
    if (!snapshot || throughIndex > snapshot.index)
      throw new RangeError(`entry ${throughIndex} is in no snapshot, so it cannot be compacted`);
    const term = this.term(throughIndex) as number;
    const bytes = this.#size.get(this.firstIndex(), throughIndex)?.bytes ?? 0;
    this.#guarded(
      this.#database.transaction(() => {
        this.#deleteThrough.run(throughIndex);
        this.#start.store(throughIndex, term);
      }),
    );
    this.#start.moved(throughIndex, term);
    this.#logBytes -= bytes;
    this.#forgetConfigurations(snapshot);
    this.#giveBack();
  }

  noteApplied(index: number): void {
    this.#lastApplied = index;
  }

  close(): void {
    if (
      this.#hardState.commitIndex !== this.#storedCommitIndex ||
      this.#lastApplied !== this.#storedLastApplied
    )
      this.#commit({}, this.#hardState);
    this.#database.close();
  }

  /** @throws Error that names the disk, if it is the disk's. */
  #guarded(write: () => void): void {
    try {
      write();
    } catch (error) {
      throw diskErrorOf(this.#database.name, error);
    }
  }

  /** The pages of what was dropped go back to the disk, as far as they are not needed soon. */
  #giveBack(): void {
    const free = this.#database.pragma('freelist_count', { simple: true }) as number;
    const pages = Math.min(free - FREE_PAGES_KEPT, FREE_PAGES_STEP);
    if (pages > 0) this.#guarded(() => this.#database.pragma(`incremental_vacuum(${pages})`));
  }

  /** What was in force before the one that the snapshot names is of no use any more. */
  #forgetConfigurations({ configurationIndex: index, configuration }: SnapshotMetadata): void {
    const later = this.#configurations.filter((stored) => stored.index > index);
    this.#configurations = [{ index, configuration }, ...later];
  }

  /** After the transaction. */
  #restored(snapshot: SnapshotMetadata): void {
    const { index, term, configurationIndex, configuration } = snapshot;
    this.#start.noted(snapshot);
    this.#start.moved(index, term);
    this.#lastIndex = index;
    this.#logBytes = 0;
    this.#tail.truncateFrom(0);
    this.#configurations = [{ index: configurationIndex, configuration }];
  }

  /** In the transaction. */
  #store(
    { entries = [], clusterId, bootstrapped, snapshot, restored }: LogWrite,
    { term, votedFor, commitIndex }: HardState,
  ): void {
    const first = entries[0];
    if (snapshot) this.#start.storeSnapshot(snapshot);
    if (restored) {
      this.#deleteThrough.run(Number.MAX_SAFE_INTEGER);
      this.#start.storeSnapshot(restored);
      this.#start.store(restored.index, restored.term);
    }
    if (first) this.#storeEntries(first.index, entries);
    this.#meta.set('currentTerm', term);
    this.#meta.set('votedFor', votedFor);
    if (commitIndex !== this.#storedCommitIndex) this.#meta.set('commitIndex', commitIndex);
    if (this.#lastApplied !== this.#storedLastApplied) this.#meta.set('lastApplied', this.#lastApplied);
    if (clusterId !== undefined) this.#meta.set('clusterId', clusterId);
    if (bootstrapped !== undefined) this.#meta.set('bootstrapped', Number(bootstrapped));
  }

  #storeEntries(firstIndex: number, entries: readonly Entry[]): void {
    if (firstIndex > this.#lastIndex + 1)
      throw new RangeError(`entry ${firstIndex} would leave a gap behind ${this.#lastIndex}`);
    if (firstIndex <= this.#lastIndex) this.#truncate(firstIndex);
    let at = 0;
    for (; at + ROWS_PER_INSERT <= entries.length; at += ROWS_PER_INSERT) {
      const columns: unknown[] = [];
      for (let row = at; row < at + ROWS_PER_INSERT; row++)
        this.#logBytes += pushRow(columns, entries[row] as Entry);
      this.#insertMany.run(columns);
    }
    for (; at < entries.length; at++) {
      const columns: unknown[] = [];
      this.#logBytes += pushRow(columns, entries[at] as Entry);
      this.#insertOne.run(columns);
    }
  }

  #truncate(from: number): void {
    this.#logBytes -= this.#size.get(from, Number.MAX_SAFE_INTEGER)?.bytes ?? 0;
    this.#deleteFrom.run(from);
  }

  /** After the transaction. */
  #append(entries: readonly Entry[]): void {
    const first = entries[0];
    if (!first) return;
    if (first.index <= this.#lastIndex) {
      this.#tail.truncateFrom(first.index);
      this.#configurations = this.#configurations.filter((stored) => stored.index < first.index);
    }
    this.#tail.append(entries);
    for (const entry of entries) this.#account(entry);
  }

  #account({ index, payload }: Entry): void {
    this.#lastIndex = index;
    if (payload.kind === 'configuration')
      this.#configurations.push({ index, configuration: payload.configuration });
  }

  #load(): void {
    let expected = this.firstIndex();
    let term = this.#start.lastTerm;
    const page: Entry[] = [];
    for (const row of this.#selectRange.iterate(expected, Number.MAX_SAFE_INTEGER)) {
      const entry = entryOfRow(row);
      if (entry.index !== expected) throw new CorruptLogError(expected, 'is missing');
      if (entry.term < term)
        throw new CorruptLogError(entry.index, 'is of an earlier term than the one before');
      term = entry.term;
      expected += 1;
      page[0] = entry;
      this.#tail.append(page);
      this.#account(entry);
      this.#logBytes += row.data.length;
    }
    if (this.#start.snapshot) this.#forgetConfigurations(this.#start.snapshot);
    const { commitIndex, term: currentTerm } = this.#hardState;
    if (commitIndex > this.#lastIndex) throw new CorruptLogError(commitIndex, 'was committed and is missing');
    if (term > currentTerm)
      throw new CorruptLogError(this.#lastIndex, `is of a later term than ${currentTerm}`);
  }

  #read(from: number, to: number, bytesMax: number): Entry[] {
    const entries: Entry[] = [];
    let bytes = 0;
    for (const row of this.#selectRange.iterate(from, to)) {
      const entry = entryOfRow(row);
      if (entry.index !== from + entries.length)
        throw new CorruptLogError(from + entries.length, 'is missing');
      bytes += entryBytes(entry);
      if (bytes > bytesMax && entries.length > 0) break;
      entries.push(entry);
    }
    return entries;
  }
}
