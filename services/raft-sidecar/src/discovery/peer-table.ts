/** `cluster_nodes` in raft.db: the addresses that were known before a restart. */
import type { Statement } from 'better-sqlite3';
import type { MemberId } from '../core/types.ts';
import type { RaftDatabase } from '../storage/database.ts';
import type { PeerSource } from './peer-store.ts';

export interface StoredPeer {
  readonly nodeId: string;
  readonly memberId: MemberId;
  readonly address: string;
  readonly source: PeerSource;
  readonly lastSeenMs: number;
  readonly incarnation: number;
  readonly featureLevel: number;
  readonly httpAddress: string;
}

export class PeerTable {
  readonly #select: Statement<[], StoredPeer>;
  readonly #replaceAll: (peers: readonly StoredPeer[]) => void;

  constructor(database: RaftDatabase) {
    this.#select = database.prepare(
      `SELECT member_id AS memberId, node_id AS nodeId, address, source, last_seen_ms AS lastSeenMs,
              incarnation, feature_level AS featureLevel, http_address AS httpAddress
         FROM cluster_nodes`,
    );
    const clear = database.prepare('DELETE FROM cluster_nodes');
    const insert = database.prepare(
      `INSERT INTO cluster_nodes
         (member_id, node_id, address, source, last_seen_ms, incarnation, feature_level, http_address)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#replaceAll = database.transaction((peers: readonly StoredPeer[]) => {
      clear.run();
      for (const peer of peers)
        insert.run(
          peer.memberId,
          peer.nodeId,
          peer.address,
          peer.source,
          peer.lastSeenMs,
          peer.incarnation,
          peer.featureLevel,
          peer.httpAddress,
        );
    });
  }

  load(): readonly StoredPeer[] {
    return this.#select.all();
  }

  replaceAll(peers: readonly StoredPeer[]): void {
    this.#replaceAll(peers);
  }
}
