/** A client: one operation after the other, each sent again under its id, through any node, until there is an answer. */
import { deadlineAt } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';
import type { HistoryRecorder } from '../../linearizability/history.ts';
import type { Dice } from '../world/dice.ts';
import type { Command } from './list-machine.ts';
import { type ListInput, type ListOutput, listOutput } from './lists-model.ts';
import type { SimulatedNode } from './node.ts';
import type { PodProcess } from './pod-process.ts';
import type { Surroundings } from './surroundings.ts';

const BACKOFF_MS_MAX = 200;
/** While there are faults, a client may go away and never ask again. */
const GIVE_UP = 0.05;
const CLIENT_NUMBERS_FROM = 1_000;

export type ListHistory = HistoryRecorder<ListInput, ListOutput>;

/** Sends so many operations to that node at once. */
export type Burst = (node: SimulatedNode, kind: 'append' | 'read', count: number) => void;

export class Client {
  readonly #name: string;
  readonly #number: number;
  readonly #surroundings: Surroundings;
  readonly #dice: Dice;
  readonly #history: ListHistory;
  #count = 0;
  #attempt = 0;
  #lengths = new Map<string, number>();
  /** From then on it stops after its operation, and gives none up. */
  #closing: (() => void) | undefined;
  #idle = false;

  constructor(number: number, surroundings: Surroundings, dice: Dice, history: ListHistory) {
    this.#name = `c${number + 1}`;
    this.#number = CLIENT_NUMBERS_FROM + number;
    this.#surroundings = surroundings;
    this.#dice = dice;
    this.#history = history;
  }

  start(): void {
    this.#idle = true;
    const thinkUs = this.#dice.below(this.#surroundings.setup.thinkMsMax) * 1_000;
    this.#surroundings.world.after(thinkUs, () => this.#next());
  }

  /**
   * Calls back when its operation is answered, and a last write to each key, and a read of it through each member.
   * @param members those of the moment: a change that a former leader began may still take one out.
   */
  close(members: () => readonly SimulatedNode[], closed: () => void): void {
    const { setup } = this.#surroundings;
    const anybody = (): undefined => undefined;
    const inputs: [ListInput, () => SimulatedNode | undefined][] = [];
    for (let key = 0; key < setup.keys; key++) {
      inputs.push([this.#append(`k${key}`), anybody]);
      for (const node of members())
        inputs.push([{ kind: 'read', key: `k${key}` }, () => (members().includes(node) ? node : undefined)]);
    }
    const next = (): void => {
      const first = inputs.shift();
      if (!first) closed();
      else this.#run(first[0], first[1], next);
    };
    this.#closing = next;
    if (this.#idle) next();
  }

  /** Many at once, each sent once; some will have been in vain. */
  burst(...[node, kind, count]: Parameters<Burst>): void {
    for (let sent = 0; sent < count; sent++) {
      const key = `k${this.#dice.below(this.#surroundings.setup.keys)}`;
      const input: ListInput = kind === 'append' ? this.#append(key) : { kind, key };
      const call = this.#history.invoke(input);
      node.enter((process) => {
        serve(process, input, this.#name, this.#surroundings.setup.attemptMs).then(
          (output) => {
            if (node.process === process) this.#history.complete(call, output);
          },
          () => {},
        );
      });
    }
  }

  #next(): void {
    if (this.#closing) return;
    this.#idle = false;
    this.#run(
      this.#draw(),
      () => undefined,
      () => {
        if (this.#closing) this.#closing();
        else this.start();
      },
    );
  }

  #draw(): ListInput {
    const key = `k${this.#dice.below(this.#surroundings.setup.keys)}`;
    if (this.#dice.below(10) < this.#surroundings.setup.readsIn10) return { kind: 'read', key };
    if (this.#dice.chance(0.6)) return this.#append(key);
    const length = (this.#lengths.get(key) ?? 0) + this.#dice.below(2);
    return { kind: 'claim', key, value: this.#newValue(), length };
  }

  #append(key: string): ListInput {
    return { kind: 'append', key, value: this.#newValue() };
  }

  #newValue(): string {
    return `${this.#name}.${++this.#count}`;
  }

  /** @param through undefined: any, another one at each attempt. */
  #run(input: ListInput, through: () => SimulatedNode | undefined, done: () => void): void {
    const call = this.#history.invoke(input);
    const { world } = this.#surroundings;
    world.tell(`${this.#name} asks ${JSON.stringify(input)}`);
    const attempt = (): void => {
      const target = through() ?? this.#dice.pick(this.#surroundings.nodes);
      this.#ask(target, input, (output) => {
        if (output) {
          world.tell(`${this.#name} hears ${JSON.stringify(output)} from ${target.name}`);
          this.#history.complete(call, output);
          this.#lengths.set(input.key, output.length);
          done();
        } else if (!this.#closing && this.#dice.chance(GIVE_UP)) done();
        else world.after((1 + this.#dice.below(BACKOFF_MS_MAX)) * 1_000, attempt);
      });
    };
    attempt();
  }

  /** One attempt; undefined: there was no answer, or one that says nothing about the outcome. */
  #ask(node: SimulatedNode, input: ListInput, heard: (output: ListOutput | undefined) => void): void {
    const { world, network, setup } = this.#surroundings;
    const attempt = ++this.#attempt;
    const once = (output: ListOutput | undefined): void => {
      if (attempt !== this.#attempt) return;
      this.#attempt += 1;
      heard(output);
    };
    world.after(setup.attemptMs * 1_000, () => once(undefined));
    network.call(this.#number, node.number, 0, () =>
      node.enter((process) => {
        const answer = (output: ListOutput | undefined): void => {
          if (node.process === process)
            network.call(node.number, this.#number, node.aheadUs, () => once(output));
        };
        serve(process, input, this.#name, setup.attemptMs).then(answer, (error) => {
          if (!(error instanceof ServiceError)) throw error;
          answer(undefined);
        });
      }),
    );
  }
}

async function serve(
  process: PodProcess,
  input: ListInput,
  session: string,
  attemptMs: number,
): Promise<ListOutput> {
  const deadline = deadlineAt(attemptMs);
  if (input.kind === 'read') return listOutput(await process.service.read(input.key, deadline));
  const command: Command = { id: `${session}/${input.value}`, ...input };
  return { kind: 'result', ...(await process.service.execute(command, deadline)) };
}
