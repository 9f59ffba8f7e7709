/** Keeps the processes of a pod up, and takes them down in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ChildSpec } from './children.ts';

const EXIT_CONFIGURATION = 78;
const EXIT_GIVEN_UP = 1;

export interface RestartPolicy {
  /** Rest before the first restart; doubled with each further one. */
  readonly backOffMinMs: number;
  readonly backOffMaxMs: number;
  /** So many restarts of one process within the window, and the pod gives up. */
  readonly restartsMax: number;
  readonly windowMs: number;
}

export const RESTART_POLICY: RestartPolicy = {
  backOffMinMs: 100,
  backOffMaxMs: 5_000,
  restartsMax: 10,
  windowMs: 120_000,
};

interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it did not even start. */
  readonly reason?: string;
}

export type PodEvent =
  | { readonly type: 'child_started'; readonly name: string; readonly pid: number }
  | { readonly type: 'child_ready'; readonly name: string }
  | ({ readonly type: 'child_exited'; readonly name: string } & Exit)
  | { readonly type: 'child_error'; readonly name: string; readonly reason: string }
  | { readonly type: 'child_killed'; readonly name: string; readonly reason: string }
  | { readonly type: 'given_up'; readonly name: string; readonly reason: string }
  | { readonly type: 'ready' };

export interface SupervisorOptions {
  readonly children: readonly ChildSpec[];
  readonly env: NodeJS.ProcessEnv;
  readonly policy: RestartPolicy;
  readonly onEvent: (event: PodEvent) => void;
  /** The pod is down; the exit code says why. */
  readonly onDown: (exitCode: number) => void;
}

interface Running {
  readonly spec: ChildSpec;
  process: ChildProcess | undefined;
  ready: boolean;
  restartedAtMs: number[];
  timer: NodeJS.Timeout | undefined;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #running: Running[];
  #exitCode: number | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#running = options.children.map((spec) => ({
      spec,
      process: undefined,
      ready: false,
      restartedAtMs: [],
      timer: undefined,
    }));
  }

  /** All at once: they wait for each other by themselves. */
  start(): void {
    for (const running of this.#running) this.#spawn(running);
  }

  /** One after the other, in the order of the list. The first call decides on the exit code, unless {@link kill} follows. */
  stop(exitCode: number): void {
    if (this.#exitCode !== undefined) return;
    this.#exitCode = exitCode;
    for (const { timer } of this.#running) clearTimeout(timer);
    void this.#stopAll().then(() => this.#options.onDown(this.#exitCode as number));
  }

  /** No longer in order: what is left is killed. */
  kill(exitCode: number): void {
    this.stop(exitCode);
    this.#exitCode = exitCode;
    for (const { process } of this.#running) process?.kill('SIGKILL');
  }

  async #stopAll(): Promise<void> {
    for (const running of this.#running) await this.#stopOne(running);
  }

  #stopOne({ spec, process }: Running): Promise<void> {
    if (!process) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const reason = `did not stop within ${spec.stopMs} ms`;
        this.#options.onEvent({ type: 'child_killed', name: spec.name, reason });
        process.kill('SIGKILL');
      }, spec.stopMs);
      process.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      process.kill('SIGTERM');
    });
  }

  #spawn(running: Running): void {
    const { spec } = running;
    const child = spawn(process.execPath, [...spec.nodeFlags, spec.main], {
      env: this.#options.env,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    running.ready = false;
    if (child.pid === undefined) {
      // There will be no exit either.
      child.once('error', ({ message }) =>
        this.#onExit(running, { code: null, signal: null, reason: message }),
      );
      return;
    }
    running.process = child;
    this.#options.onEvent({ type: 'child_started', name: spec.name, pid: child.pid });
    child.on('message', (message) => {
      if ((message as { type?: unknown }).type === 'ready') this.#onReady(running);
    });
    child.on('error', ({ message }) =>
      this.#options.onEvent({ type: 'child_error', name: spec.name, reason: message }),
    );
    child.once('exit', (code, signal) => this.#onExit(running, { code, signal }));
  }

  #onReady(running: Running): void {
    running.ready = true;
    this.#options.onEvent({ type: 'child_ready', name: running.spec.name });
    if (this.#running.every(({ ready }) => ready)) this.#options.onEvent({ type: 'ready' });
  }

  #onExit(running: Running, exit: Exit): void {
    const { name } = running.spec;
    running.process = undefined;
    running.ready = false;
    this.#options.onEvent({ type: 'child_exited', name, ...exit });
    if (this.#exitCode !== undefined) return;
    if (exit.code === EXIT_CONFIGURATION)
      this.#giveUp(name, 'its configuration is not usable; a restart would not help', EXIT_CONFIGURATION);
    else this.#restartLater(running);
  }

  #restartLater(running: Running): void {
    const { name } = running.spec;
    const { policy } = this.#options;
    const now = performance.now();
    running.restartedAtMs = running.restartedAtMs.filter((at) => now - at < policy.windowMs);
    const restarts = running.restartedAtMs.length;
    if (restarts >= policy.restartsMax) {
      this.#giveUp(name, `was restarted ${restarts} times within ${policy.windowMs} ms`, EXIT_GIVEN_UP);
      return;
    }
    running.restartedAtMs.push(now);
    const restMs = Math.min(policy.backOffMinMs * 2 ** restarts, policy.backOffMaxMs);
    running.timer = setTimeout(() => this.#spawn(running), restMs);
  }

  #giveUp(name: string, reason: string, exitCode: number): void {
    if (this.#exitCode !== undefined) return;
    this.#options.onEvent({ type: 'given_up', name, reason });
    this.stop(exitCode);
  }
}
