/** One pod as a process group on this machine: for `make run`, the tests and the bench. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHILD_ENV } from './children.ts';
import type { PodEvent } from './supervisor.ts';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), 'main.ts');
const POLL_MS = 50;
const PROBE_DEADLINE_MS = 2_000;
/** Longer than the ordered stop of the four processes may take. */
const STOP_MS_MAX = 40_000;

export interface PodAddresses {
  readonly http: number;
  readonly peer: number;
  /** Where peers are told to find it, if that is not `peer`: something stands between them. */
  readonly advertised?: number;
  readonly sidecar: number;
  readonly agenda: number;
  readonly audit: number;
}

/** The variables of a pod that say where it is. */
export function addressEnv(ports: PodAddresses): Record<string, string> {
  return {
    ADVERTISE_ADDR: `127.0.0.1:${ports.advertised ?? ports.peer}`,
    HTTP_ADDR: `127.0.0.1:${ports.http}`,
    PEER_ADDR: `127.0.0.1:${ports.peer}`,
    SIDECAR_GRPC_ADDR: `127.0.0.1:${ports.sidecar}`,
    AGENDA_GRPC_ADDR: `127.0.0.1:${ports.agenda}`,
    AUDIT_GRPC_ADDR: `127.0.0.1:${ports.audit}`,
  };
}

export interface RaftHealth {
  readonly nodeId: string;
  readonly memberId: string;
  readonly role: string;
  readonly isLeader: boolean;
  readonly leaderId: string | null;
  readonly term: number;
  readonly commitIndex: number;
  readonly lastApplied: number;
  readonly clusterId: string | null;
  /** Member ids. */
  readonly configuration: { readonly voters: readonly string[]; readonly learners: readonly string[] } | null;
  readonly waitingFor: string | null;
  readonly alarms: readonly { readonly code: string; readonly message: string }[];
}

export class PodProcess {
  readonly nodeId: string;
  readonly ports: PodAddresses;
  readonly url: string;
  readonly logFile: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #pids = new Map<string, number>();
  #process: ChildProcess | undefined;
  #exit: Promise<number | null> = Promise.resolve(null);

  constructor(nodeId: string, ports: PodAddresses, env: NodeJS.ProcessEnv, logFile: string) {
    this.nodeId = nodeId;
    this.ports = ports;
    this.url = `${env.TLS_CERT_FILE ? 'https' : 'http'}://127.0.0.1:${ports.http}`;
    this.logFile = logFile;
    this.#env = env;
  }

  /** A second task of the same node, as Swarm runs it for a while: beside this one, or on another disk. */
  twin(ports: PodAddresses, dataDir: string, logFile: string): PodProcess {
    const env = { ...this.#env, ...addressEnv(ports), DATA_DIR: dataDir };
    return new PodProcess(this.nodeId, ports, env, logFile);
  }

  /** The supervisor and its children, by name; the supervisor is "pod". */
  get pids(): ReadonlyMap<string, number> {
    return this.#pids;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  /** Resolves with the exit code (null: killed) when the pod is down. */
  get exited(): Promise<number | null> {
    return this.#exit;
  }

  /**
   * In a process group of its own, so that the whole pod can die at once. Its log is appended to the log file.
   *
   * @param env for this time, over its own.
   */
  start(env: Readonly<Record<string, string>> = {}): void {
    if (this.#process) throw new Error(`${this.nodeId} is running already`);
    const log = openSync(this.logFile, 'a');
    const child = spawn(process.execPath, [MAIN], {
      env: { ...CHILD_ENV, ...process.env, ...this.#env, ...env },
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    this.#process = child;
    this.#pids.clear();
    this.#pids.set('pod', child.pid as number);
    child.on('message', (message) => {
      const event = message as PodEvent;
      if (event.type === 'child_started') this.#pids.set(event.name, event.pid);
      if (event.type === 'child_exited') this.#pids.delete(event.name);
    });
    this.#exit = new Promise((resolve) => {
      child.once('exit', (code) => {
        this.#process = undefined;
        this.#pids.clear();
        resolve(code);
      });
    });
  }

  /** Ordered: as Swarm would stop it. @returns the exit code. */
  async stop(): Promise<number | null> {
    this.#process?.kill('SIGTERM');
    const timer = setTimeout(() => this.#signalGroup('SIGKILL'), STOP_MS_MAX);
    const code = await this.#exit;
    clearTimeout(timer);
    return code;
  }

  /** The whole pod at once, as when its host loses power. */
  async kill(): Promise<void> {
    this.#signalGroup('SIGKILL');
    await this.#exit;
  }

  /** SIGSTOP, SIGCONT: the whole pod. */
  signal(signal: NodeJS.Signals): void {
    this.#signalGroup(signal);
  }

  /** One process of it: "api-gateway", "agenda", "raft-sidecar", "audit" or "pod". */
  signalProcess(name: string, signal: NodeJS.Signals): void {
    const pid = this.#pids.get(name);
    if (pid === undefined) throw new Error(`${this.nodeId} has no process ${name}`);
    process.kill(pid, signal);
  }

  async raftHealth(): Promise<RaftHealth | undefined> {
    const response = await this.#get('/raft/health');
    return response?.ok ? ((await response.json()) as RaftHealth) : undefined;
  }

  /** Serving requests: /readyz says yes. @throws Error after the deadline, with what it said last. */
  async waitReady(deadlineMs: number): Promise<void> {
    const deadlineAt = performance.now() + deadlineMs;
    let last = 'no answer';
    while (this.#process) {
      const response = await this.#get('/readyz');
      if (response?.ok) return;
      if (response) last = `${response.status} ${await response.text()}`;
      if (performance.now() > deadlineAt)
        throw new Error(
          `${this.nodeId} was not ready within ${deadlineMs} ms: ${last} (log: ${this.logFile})`,
        );
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`${this.nodeId} has ended with code ${await this.#exit} (log: ${this.logFile})`);
  }

  /** Undefined: it did not answer. */
  async #get(path: string): Promise<Response | undefined> {
    try {
      return await fetch(this.url + path, { signal: AbortSignal.timeout(PROBE_DEADLINE_MS) });
    } catch {
      // Not up, or stopped: that is what the caller asks.
      return undefined;
    }
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const pid = this.#process?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
