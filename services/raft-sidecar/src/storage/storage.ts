/** Everything that the sidecar keeps on its disk, opened in the order that is safe. */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Start } from '../discovery/member-starts.ts';
import { PeerTable } from '../discovery/peer-table.ts';
import { StartTable } from '../discovery/start-table.ts';
import { openRaftDatabase, type RaftDatabase } from './database.ts';
import { diskMark } from './disk-mark.ts';
import { FileSnapshotStore } from './file-snapshot-store.ts';
import { type Identity, openIdentity } from './identity.ts';
import type { LogStore } from './log-store.ts';
import { MetaTable } from './meta-table.ts';
import { SqliteLogStore } from './sqlite-log-store.ts';

/** Incarnations are milliseconds in 1/1024: two processes that start in one millisecond differ all the same. */
const INCARNATIONS_PER_MS = 1_024;

export interface StorageOptions {
  readonly directory: string;
  readonly nodeId: string;
  readonly mintInstanceId: () => string;
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random?: () => number;
}

export interface Storage {
  readonly identity: Identity;
  readonly start: Start;
  readonly log: LogStore;
  readonly snapshots: FileSnapshotStore;
  readonly peers: PeerTable;
  readonly starts: StartTable;
  /** What an operator's recovery left to be told; empty: nothing. */
  readonly recovery: string;
  /** Where a fenced disk was put by this start; empty: there was none. */
  readonly setAside: string;
  /** This member may never speak again: the next start sets its disk aside and begins anew as another member. */
  fence(reason: string): void;
}

/** @throws Error with a clear line if another process holds it, if it is another node's, or if it is corrupt. */
export function openStorage(options: StorageOptions): Storage {
  // First, because it takes the lock: two processes must not both mint an identity.
  const { database, setAside } = openUnlessFenced(options.directory);
  try {
    const meta = new MetaTable(database);
    const { directory, nodeId, mintInstanceId: mint } = options;
    const identity = openIdentity({ directory, nodeId, storedMemberId: meta.text('memberId'), mint });
    const log = new SqliteLogStore(database);
    return {
      identity,
      start: noteStart(database, meta, identity, log, options),
      log,
      snapshots: new FileSnapshotStore(join(directory, 'snapshots'), database),
      peers: new PeerTable(database),
      starts: new StartTable(database),
      recovery: meta.text('recovery'),
      setAside,
      fence: (reason) => meta.set('fenced', reason),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** A fenced directory is kept until the next one is, for an operator who wants to look; nothing reads it any more. */
function openUnlessFenced(directory: string): { database: RaftDatabase; setAside: string } {
  const database = openRaftDatabase(directory);
  if (new MetaTable(database).text('fenced') === '') return { database, setAside: '' };
  database.close();
  const setAside = `${directory}.fenced`;
  rmSync(setAside, { recursive: true, force: true });
  renameSync(directory, setAside);
  return { database: openRaftDatabase(directory), setAside };
}

function noteStart(
  database: RaftDatabase,
  meta: MetaTable,
  identity: Identity,
  log: LogStore,
  { nowMs, random = Math.random }: StorageOptions,
): Start {
  const previousIncarnation = meta.number('incarnation');
  const stamp = Math.floor((nowMs + random()) * INCARNATIONS_PER_MS);
  const incarnation = Math.max(stamp, previousIncarnation + 1);
  const mark = diskMark(database.name);
  const same = mark !== '' && mark === meta.text('diskMark');
  const sameDiskSince = same ? meta.number('sameDiskSince') : incarnation;
  database.transaction(() => {
    meta.set('memberId', identity.memberId);
    meta.set('incarnation', incarnation);
    meta.set('sameDiskSince', sameDiskSince);
    meta.set('diskMark', mark);
  })();
  const { term, votedFor } = log.hardState;
  return { incarnation, previousIncarnation, sameDiskSince, term, votedFor, lastIndex: log.lastIndex() };
}
