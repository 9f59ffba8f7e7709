/**
 * Closed-loop HTTP/1.1 load over keep-alive sockets: each connection sends its next request when the answer to the
 * last one has arrived. Our own, so that the same bytes-in, bytes-out client measures us and the peers beside us and
 * leaves the two cores to the servers (a general client costs several times more CPU a request).
 */
import { connect, type Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly port: number;
}

export interface LoadPlan {
  readonly connections: number;
  /** Connections are spread over these in turn. */
  readonly targets: readonly Target[];
  /** Discarded at the start. */
  readonly warmupMs: number;
  readonly measureMs: number;
  /** The whole request of a connection's n-th turn. */
  readonly request: (connection: number, turn: number) => Buffer;
}

/** What one or several runs of one load add up to. */
export interface LoadResult {
  readonly completed: number;
  /** Answers with another status than 2xx, and broken connections. */
  readonly failed: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The first few answers that were not 2xx, for the reader of a failed run. */
  readonly complaints: readonly string[];
}

const COMPLAINTS_MAX = 3;

/** One run of a load. */
export interface LoadRun {
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
  readonly failed: number;
  readonly complaints: readonly string[];
}

interface Tally {
  measuring: boolean;
  stopped: boolean;
  readonly latenciesMs: number[];
  failed: number;
  readonly complaints: string[];
}

/** Runs the plan to its end. Rejects only if no connection can be opened. */
export async function runLoad(plan: LoadPlan): Promise<LoadRun> {
  const tally: Tally = { measuring: false, stopped: false, latenciesMs: [], failed: 0, complaints: [] };
  const sockets = await Promise.all(
    Array.from({ length: plan.connections }, (_, index) =>
      open(plan.targets[index % plan.targets.length] as Target),
    ),
  );
  for (const [index, socket] of sockets.entries()) drive(socket, index, plan, tally);

  await elapse(plan.warmupMs);
  tally.measuring = true;
  const startedAt = performance.now();
  await elapse(plan.measureMs);
  tally.measuring = false;
  const seconds = (performance.now() - startedAt) / 1000;
  tally.stopped = true;
  for (const socket of sockets) socket.destroy();
  return { seconds, latenciesMs: tally.latenciesMs, failed: tally.failed, complaints: tally.complaints };
}

function open(target: Target): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: target.host, port: target.port, noDelay: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      resolve(socket);
    });
  });
}

function drive(socket: Socket, connection: number, plan: LoadPlan, tally: Tally): void {
  const reader = new ResponseReader();
  let turn = 0;
  let sentAt = 0;
  const send = (): void => {
    sentAt = performance.now();
    socket.write(plan.request(connection, turn++));
  };
  socket.on('data', (chunk: Buffer) => {
    if (!reader.push(chunk)) return;
    if (tally.stopped) return;
    if (tally.measuring) count(tally, reader, performance.now() - sentAt);
    reader.reset();
    send();
  });
  socket.on('error', (error) => complain(tally, error.message));
  socket.on('close', () => {
    if (!tally.stopped) complain(tally, 'the server closed the connection');
  });
  send();
}

function count(tally: Tally, reader: ResponseReader, latencyMs: number): void {
  if (reader.status >= 200 && reader.status < 300) tally.latenciesMs.push(latencyMs);
  else complain(tally, `${reader.status} ${reader.body.slice(0, 300)}`);
}

function complain(tally: Tally, text: string): void {
  if (tally.stopped) return;
  tally.failed += 1;
  if (tally.complaints.length < COMPLAINTS_MAX) tally.complaints.push(text);
}

export function summarize(runs: readonly LoadRun[]): LoadResult {
  const sorted = Float64Array.from(runs.flatMap((run) => run.latenciesMs)).sort();
  const seconds = runs.reduce((sum, run) => sum + run.seconds, 0);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return {
    completed: sorted.length,
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
    perSecond: sorted.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: sorted[sorted.length - 1] ?? 0,
    complaints: runs.flatMap((run) => run.complaints).slice(0, COMPLAINTS_MAX),
  };
}

/** Finds the end of one response: Content-Length, or chunked (etcd's JSON gateway uses both). */
class ResponseReader {
  status = 0;
  body = '';
  #text = '';
  #bodyStart = -1;
  #length = -1;

  /** True once the response is whole. Bodies here are ASCII, so characters are bytes. */
  push(chunk: Buffer): boolean {
    this.#text += chunk.toString('latin1');
    if (this.#bodyStart < 0 && !this.#parseHead()) return false;
    if (this.#length >= 0) {
      if (this.#text.length - this.#bodyStart < this.#length) return false;
    } else if (!this.#text.endsWith('0\r\n\r\n')) return false;
    this.body = this.#text.slice(this.#bodyStart);
    return true;
  }

  reset(): void {
    this.#text = '';
    this.#bodyStart = -1;
    this.#length = -1;
  }

  #parseHead(): boolean {
    const end = this.#text.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const head = this.#text.slice(0, end);
    this.status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    this.#length = length ? Number(length[1]) : this.status === 204 || this.status === 304 ? 0 : -1;
    this.#bodyStart = end + 4;
    return true;
  }
}

/** A measured span of time is the one thing here that is waited for by the clock. */
function elapse(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
