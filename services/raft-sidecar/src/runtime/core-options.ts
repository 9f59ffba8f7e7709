/** The core counts in ticks; here is what they are in milliseconds, and its other bounds. */
import type { CoreOptions, MemberId } from '../core/types.ts';

const TICK_MS_MIN = 10;
/** A batch of the peer stream less what its frame takes. */
const APPEND_BYTES_MAX = 46 * 1024;
const INFLIGHT_MESSAGES_MAX = 128;
const INFLIGHT_BYTES_MAX = 4 * 1024 * 1024;
const UNCOMMITTED_BYTES_MAX = 64 * 1024 * 1024;
const COMMITTED_BYTES_MAX = 4 * 1024 * 1024;
const PENDING_READS_MAX = 10_000;

interface Timings {
  readonly ELECTION_TIMEOUT_MS: number;
  readonly HEARTBEAT_MS: number;
}

/** One heartbeat. */
export function tickMsOf({ HEARTBEAT_MS }: Timings): number {
  return Math.max(TICK_MS_MIN, HEARTBEAT_MS);
}

export function coreOptions(timings: Timings, id: MemberId, seed: number): CoreOptions {
  return {
    id,
    electionTicks: Math.round(timings.ELECTION_TIMEOUT_MS / tickMsOf(timings)),
    heartbeatTicks: 1,
    seed,
    appendBytesMax: APPEND_BYTES_MAX,
    inflightMessagesMax: INFLIGHT_MESSAGES_MAX,
    inflightBytesMax: INFLIGHT_BYTES_MAX,
    uncommittedBytesMax: UNCOMMITTED_BYTES_MAX,
    committedBytesMax: COMMITTED_BYTES_MAX,
    pendingReadsMax: PENDING_READS_MAX,
  };
}
