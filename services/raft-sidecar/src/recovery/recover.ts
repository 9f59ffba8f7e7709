/**
 * Restarts a cluster that lost its majority for good, from one member's disk: that member becomes the only voter of a
 * new cluster. Raft gives no such promise: what the lost members had acknowledged and this one does not hold is gone.
 *
 * The cluster gets another id. Members refuse to speak with those of another cluster, so the lost ones cannot come back
 * and vote beside it; they must be emptied, and join anew.
 */
import { membersOf } from '../core/membership.ts';
import type { Configuration, MemberId } from '../core/types.ts';
import { openRaftDatabase, type RaftDatabase } from '../storage/database.ts';
import { MetaTable } from '../storage/meta-table.ts';
import { SqliteLogStore } from '../storage/sqlite-log-store.ts';
import { nodeIdOf } from '../transport/conversions.ts';

export interface Survivor {
  readonly memberId: MemberId;
  readonly clusterId: string;
  readonly term: number;
  readonly lastIndex: number;
  /** Of the last entry's term; the survivor with the greatest (lastTerm, lastIndex) has lost the least. */
  readonly lastTerm: number;
  readonly lastAtMs: number;
  readonly commitIndex: number;
  readonly configuration: Configuration;
}

/** Left for the next start, to be told to the audit service. */
export interface RecoveryRecord {
  /** Of the audit record; hex. */
  readonly id: string;
  readonly atMs: number;
  readonly fromClusterId: string;
  readonly clusterId: string;
  readonly lost: readonly MemberId[];
  /** Entries up to here count as committed from now on. */
  readonly index: number;
}

/** Of a member that does not run. */
export class Recovery {
  readonly survivor: Survivor;
  readonly #database: RaftDatabase;
  readonly #store: SqliteLogStore;

  /** @throws Error if the node runs, or its disk belongs to no cluster. */
  constructor(directory: string) {
    this.#database = openRaftDatabase(directory);
    try {
      this.#store = new SqliteLogStore(this.#database);
      this.survivor = survivorOf(this.#database, this.#store);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The other voters, by the name of their node: what an operator must accept the loss of. */
  get lostVoters(): readonly string[] {
    const { configuration, memberId } = this.survivor;
    const voters = new Set([...configuration.voters, ...configuration.votersOutgoing]);
    voters.delete(memberId);
    return [...new Set([...voters].map(nodeIdOf))].sort();
  }

  /** All in one transaction. */
  carryOut(clusterId: string, recordId: string, nowMs: number): RecoveryRecord {
    const { survivor } = this;
    const { memberId, configuration } = survivor;
    const lost = [...membersOf(configuration)].filter((member) => member !== memberId);
    const index = survivor.lastIndex + 1;
    const record = { id: recordId, atMs: nowMs, fromClusterId: survivor.clusterId, clusterId, lost, index };
    const term = Math.max(survivor.term, survivor.lastTerm) + 1;
    const alone: Configuration = {
      ...configuration,
      voters: [memberId],
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
    };
    const timestampMs = Math.max(nowMs, survivor.lastAtMs);
    this.#database.transaction(() => {
      this.#store.write({
        hardState: { term, votedFor: '', commitIndex: index },
        entries: [{ index, term, timestampMs, payload: { kind: 'configuration', configuration: alone } }],
        clusterId,
        bootstrapped: true,
      });
      new MetaTable(this.#database).set('recovery', JSON.stringify(record));
    })();
    return record;
  }

  close(): void {
    this.#store.close();
  }
}

function survivorOf(database: RaftDatabase, store: SqliteLogStore): Survivor {
  const { term, commitIndex } = store.hardState;
  const lastIndex = store.lastIndex();
  const configuration = store.configurations().at(-1)?.configuration ?? store.snapshot()?.configuration;
  if (store.clusterId === '' || !configuration)
    throw new Error(`${database.name} belongs to no cluster: there is nothing to recover from it`);
  const last = lastIndex >= store.firstIndex() ? store.entries(lastIndex, lastIndex, 1)[0] : undefined;
  return {
    memberId: new MetaTable(database).text('memberId'),
    clusterId: store.clusterId,
    term,
    lastIndex,
    lastTerm: store.term(lastIndex) ?? 0,
    lastAtMs: last?.timestampMs ?? store.snapshot()?.timestampMs ?? 0,
    commitIndex,
    configuration,
  };
}
