/** One machine: a disk and a clock that outlive the processes it runs, one after the other, one step at a time. */
import type { MemberId } from '../../../services/raft-sidecar/src/core/types.ts';
import type { Scheduler } from '../../../services/raft-sidecar/src/runtime/ports.ts';
import { NodeClock } from '../world/clock.ts';
import { Dice } from '../world/dice.ts';
import { BLANK_LOG, Disk, DiskError, type DiskObserver, type LogImage } from './disk.ts';
import { PodProcess } from './pod-process.ts';
import type { Surroundings } from './surroundings.ts';

/** From something that is due to its turn. */
const TURN_US_MIN = 20;
const TURN_US_MAX = 120;
/** How long a process that must not go on still lies about. */
const EXIT_US = 20_000;
const RESTART_MS_DEFAULT = 1_000;

export class SimulatedNode {
  readonly number: number;
  readonly name: string;
  readonly clock: NodeClock;
  readonly #surroundings: Surroundings;
  disk: Disk;
  process: PodProcess | undefined;
  /** Grows with each process: what an earlier one left to be done is not done. */
  #life = 0;
  #instance = 1;
  #stalledUntilUs = 0;
  #busyUntilUs = 0;
  /** When it comes back after it goes down next. */
  restartAfterMs = RESTART_MS_DEFAULT;
  /** Stays down. */
  held = false;

  constructor(number: number, surroundings: Surroundings, log: LogImage) {
    this.number = number;
    this.name = `n${number + 1}`;
    this.#surroundings = surroundings;
    const { world, dice } = surroundings;
    this.clock = new NodeClock(() => Math.max(world.nowUs, this.#busyUntilUs), dice.below(10_000_000));
    this.disk = this.#newDisk(log);
    surroundings.oracle.synced(this.memberId, log, undefined);
  }

  get memberId(): MemberId {
    return `${this.name}#${this.#instance}`;
  }

  /** Of the process that runs now. */
  get incarnation(): number {
    return this.#life;
  }

  /** What it says now leaves it so much later, for it is still busy. */
  get aheadUs(): number {
    return Math.max(0, this.#busyUntilUs - this.#surroundings.world.nowUs);
  }

  start(): void {
    if (this.process || this.held) return;
    this.#life += 1;
    this.#surroundings.world.tell(`${this.name} starts as ${this.memberId}`);
    this.process = new PodProcess(this, this.#surroundings);
    this.process.start();
  }

  /** @param powerLost what was not synced may be gone. */
  crash(powerLost: boolean): void {
    const { process } = this;
    if (!process) return;
    const { world, oracle } = this.#surroundings;
    world.tell(`${this.name} ${powerLost ? 'loses power' : 'is killed'}`);
    this.process = undefined;
    this.#life += 1;
    this.#stalledUntilUs = 0;
    this.#busyUntilUs = 0;
    const image = process.kill();
    oracle.stopped(this.memberId);
    this.disk.crash(powerLost, image);
    oracle.synced(this.memberId, this.disk.log, undefined);
    world.after(this.restartAfterMs * 1_000, () => this.start());
    this.restartAfterMs = RESTART_MS_DEFAULT;
  }

  /** Its disk is gone for good; it comes back as another member. */
  wipe(): void {
    this.crash(true);
    this.#instance += 1;
    this.disk = this.#newDisk(BLANK_LOG);
    this.#surroundings.world.tell(`${this.name} loses its disk and is ${this.memberId} from now on`);
  }

  /** Stopped in its tracks, as by SIGSTOP; what arrives meanwhile waits. */
  stall(forMs: number): void {
    this.#stalledUntilUs = this.#surroundings.world.nowUs + forMs * 1_000;
  }

  resume(): void {
    this.#stalledUntilUs = 0;
    this.#busyUntilUs = Math.min(this.#busyUntilUs, this.#surroundings.world.nowUs);
  }

  /** Runs it in a turn of its own, in the process that runs now or not at all. */
  enter(run: (process: PodProcess) => void): void {
    this.#enter(this.#life, run);
  }

  /** The same, after a delay. */
  later(delayUs: number, run: (process: PodProcess) => void): void {
    const life = this.#life;
    this.#surroundings.world.after(delayUs + this.aheadUs, () => this.#enter(life, run));
  }

  readonly scheduler: Scheduler = {
    defer: (run) => this.later(this.#surroundings.dice.between(TURN_US_MIN, TURN_US_MAX), run),
    every: (intervalMs, run) => {
      let stopped = false;
      const next = (): void =>
        this.later((intervalMs * 1_000) / this.clock.rate, () => {
          if (stopped) return;
          next();
          run();
        });
      next();
      return () => {
        stopped = true;
      };
    },
  };

  readonly diskObserver: DiskObserver = {
    synced: (image) => {
      const { world, dice, oracle } = this.#surroundings;
      this.#busyUntilUs = world.nowUs + this.aheadUs + this.disk.syncUs + dice.below(this.disk.syncUs);
      oracle.synced(this.memberId, image, this.process?.status);
    },
    crashed: () => this.crash(this.#surroundings.dice.chance(0.5)),
    failed: () => {
      if (this.process) this.process.diskFailed = true;
    },
  };

  /** The process says that it must not go on. */
  onFatal(error: Error): void {
    const { world, oracle } = this.#surroundings;
    if (!this.process) return;
    world.tell(`${this.name} must not go on: ${error.message}`);
    oracle.violations.expect(
      error instanceof DiskError,
      'core invariant',
      () => `${this.memberId} stops: ${error.stack}`,
    );
    const life = this.#life;
    world.after(EXIT_US, () => {
      if (life === this.#life) this.crash(false);
    });
  }

  #enter(life: number, run: (process: PodProcess) => void): void {
    if (life !== this.#life || !this.process) return;
    const { world, oracle } = this.#surroundings;
    const readyUs = Math.max(this.#stalledUntilUs, this.#busyUntilUs);
    if (readyUs > world.nowUs) {
      world.at(readyUs, () => this.#enter(life, run));
      return;
    }
    run(this.process);
    const { process } = this;
    // What a process that must not go on thinks of itself, nobody will ever hear.
    if (process && life === this.#life && !process.driver.stopped)
      oracle.stepped(this.memberId, process.status, world.nowUs);
  }

  #newDisk(log: LogImage): Disk {
    const { seed } = this.#surroundings.setup;
    return new Disk(new Dice(seed, `disk ${this.memberId}`), log);
  }
}
