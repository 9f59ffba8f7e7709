/** Everything that the sidecar keeps on its disk, opened in the order that is safe. */
import { PeerTable } from '../discovery/peer-table.ts';
import { openRaftDatabase } from './database.ts';
import { type Identity, openIdentity } from './identity.ts';
import type { LogStore } from './log-store.ts';
import { MetaTable } from './meta-table.ts';
import { SqliteLogStore } from './sqlite-log-store.ts';

export interface StorageOptions {
  readonly directory: string;
  readonly nodeId: string;
  readonly mintInstanceId: () => string;
  readonly nowMs: number;
}

export interface Storage {
  readonly identity: Identity;
  /** Greater than that of every start before. */
  readonly incarnation: number;
  readonly log: LogStore;
  readonly peers: PeerTable;
}

/** @throws Error with a clear line if another process holds it, if it is another node's, or if it is corrupt. */
export function openStorage({ directory, nodeId, mintInstanceId, nowMs }: StorageOptions): Storage {
  // First, because it takes the lock: two processes must not both mint an identity.
  const database = openRaftDatabase(directory);
  try {
    const meta = new MetaTable(database);
    const storedMemberId = meta.text('memberId');
    const identity = openIdentity({ directory, nodeId, storedMemberId, mint: mintInstanceId });
    const incarnation = Math.max(nowMs, meta.number('incarnation') + 1);
    database.transaction(() => {
      meta.set('memberId', identity.memberId);
      meta.set('incarnation', incarnation);
    })();
    return { identity, incarnation, log: new SqliteLogStore(database), peers: new PeerTable(database) };
  } catch (error) {
    database.close();
    throw error;
  }
}
