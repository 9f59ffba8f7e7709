/** A driver on a real store, with its hands on a manual scheduler. */
import type { Message, SnapshotMetadata } from '../core/types.ts';
import { Driver } from '../runtime/driver.ts';
import { openRaftDatabase, type RaftDatabase } from '../storage/database.ts';
import { SqliteLogStore } from '../storage/sqlite-log-store.ts';
import { ManualClock, ManualScheduler } from './manual.ts';

/** A write that takes longer makes a leader resign. */
export const STALL_MS = 500;

export class DriverBench {
  readonly database: RaftDatabase;
  readonly store: SqliteLogStore;
  readonly clock = new ManualClock();
  readonly scheduler = new ManualScheduler();
  readonly sent: Message[] = [];
  readonly fatal: Error[] = [];
  readonly fetches: { readonly from: string; readonly metadata: SnapshotMetadata }[] = [];
  readonly driver: Driver;
  /** Called with what is being sent, at that moment. */
  onSend: (messages: readonly Message[]) => void = () => {};

  constructor(directory: string, memberId: string, votersExpected = 1) {
    this.database = openRaftDatabase(directory);
    this.store = new SqliteLogStore(this.database);
    this.driver = new Driver({
      core: {
        id: memberId,
        electionTicks: 10,
        heartbeatTicks: 1,
        seed: 1,
        appendBytesMax: 46 * 1024,
        inflightMessagesMax: 16,
        inflightBytesMax: 1024 * 1024,
        uncommittedBytesMax: 1024 * 1024,
        committedBytesMax: 1024 * 1024,
        pendingReadsMax: 100,
      },
      tickMs: 50,
      votersExpected,
      store: this.store,
      sender: {
        send: (messages) => {
          this.onSend(messages);
          this.sent.push(...messages);
        },
      },
      snapshots: { fetch: (from, metadata) => this.fetches.push({ from, metadata }) },
      clock: this.clock,
      scheduler: this.scheduler,
      disk: { wrote: (tookMs) => tookMs > STALL_MS },
      onFatal: (error) => this.fatal.push(error),
    });
  }

  /** A cluster of this member alone, with it as its leader. */
  lead(): void {
    this.driver.start();
    this.driver.found('cluster');
    this.scheduler.settle();
  }

  /** @returns where it was appended, or why it was not. */
  propose(text: string): { index?: number; refusal?: string } {
    const outcome: { index?: number; refusal?: string } = {};
    this.driver.propose(
      { kind: 'command', data: Buffer.from(text) },
      {
        done: (index) => {
          outcome.index = index;
        },
        refused: (refusal) => {
          outcome.refusal = refusal;
        },
      },
    );
    return outcome;
  }

  close(): void {
    this.driver.stop();
    if (this.database.open) this.store.close();
  }
}
