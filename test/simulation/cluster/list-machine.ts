/** The replicated state: lists that only grow. Every command takes effect once, whatever comes again. */
import type { Entry } from '../../../services/raft-sidecar/src/core/types.ts';

export type Command =
  /** Puts the value at the list's end. */
  | { readonly id: string; readonly kind: 'append'; readonly key: string; readonly value: string }
  /** The same, but only to a list of that length: of two who claim one place, one wins. */
  | {
      readonly id: string;
      readonly kind: 'claim';
      readonly key: string;
      readonly value: string;
      readonly length: number;
    };

/** `length` is that of the list afterwards. */
export interface CommandResult {
  readonly done: boolean;
  readonly length: number;
}

/** What the database behind it holds; never changed in place. */
export interface MachineImage {
  readonly appliedIndex: number;
  readonly appliedTerm: number;
  readonly appliedTimestampMs: number;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  readonly results: ReadonlyMap<string, CommandResult>;
}

export const BLANK_IMAGE: MachineImage = {
  appliedIndex: 0,
  appliedTerm: 0,
  appliedTimestampMs: 0,
  lists: new Map(),
  results: new Map(),
};

export interface Applied {
  readonly id: string;
  readonly result: CommandResult;
  /** It came before, and was only answered again. */
  readonly repeated: boolean;
}

export function encodeCommand(command: Command): Uint8Array {
  return Buffer.from(JSON.stringify(command));
}

/** As it is in a snapshot. */
export function encodeImage(image: MachineImage): Uint8Array {
  return Buffer.from(JSON.stringify({ ...image, lists: [...image.lists], results: [...image.results] }));
}

export function decodeImage(data: Uint8Array): MachineImage {
  const { lists, results, ...rest } = JSON.parse(Buffer.from(data).toString()) as Omit<
    MachineImage,
    'lists' | 'results'
  > & { lists: [string, readonly string[]][]; results: [string, CommandResult][] };
  return { ...rest, lists: new Map(lists), results: new Map(results) };
}

export class ListMachine {
  appliedIndex: number;
  appliedTerm: number;
  #timestampMs: number;
  readonly #lists: Map<string, readonly string[]>;
  readonly #results: Map<string, CommandResult>;
  #digest = 0;

  constructor(image: MachineImage) {
    this.appliedIndex = image.appliedIndex;
    this.appliedTerm = image.appliedTerm;
    this.#timestampMs = image.appliedTimestampMs;
    this.#lists = new Map(image.lists);
    this.#results = new Map(image.results);
    for (const [key, list] of this.#lists)
      for (const [at, value] of list.entries()) this.#toggle(`${key}[${at}]`, value);
    for (const [id, result] of this.#results) this.#toggle(id, JSON.stringify(result));
  }

  /** Of everything it holds. */
  get digest(): number {
    return this.#digest;
  }

  list(key: string): readonly string[] {
    return this.#lists.get(key) ?? [];
  }

  result(id: string): CommandResult | undefined {
    return this.#results.get(id);
  }

  /** Undefined: an entry that is no command. */
  apply({ index, term, timestampMs, payload }: Entry): Applied | undefined {
    if (index !== this.appliedIndex + 1)
      throw new Error(`entry ${index} applied behind ${this.appliedIndex}`);
    this.appliedIndex = index;
    this.appliedTerm = term;
    this.#timestampMs = timestampMs;
    if (payload.kind !== 'command') return undefined;
    const command = JSON.parse(Buffer.from(payload.data).toString()) as Command;
    const before = this.#results.get(command.id);
    if (before) return { id: command.id, result: before, repeated: true };
    const result = this.#execute(command);
    this.#results.set(command.id, result);
    this.#toggle(command.id, JSON.stringify(result));
    return { id: command.id, result, repeated: false };
  }

  image(): MachineImage {
    return {
      appliedIndex: this.appliedIndex,
      appliedTerm: this.appliedTerm,
      appliedTimestampMs: this.#timestampMs,
      lists: new Map(this.#lists),
      results: new Map(this.#results),
    };
  }

  #execute(command: Command): CommandResult {
    const before = this.list(command.key);
    if (command.kind === 'claim' && before.length !== command.length)
      return { done: false, length: before.length };
    this.#toggle(`${command.key}[${before.length}]`, command.value);
    this.#lists.set(command.key, [...before, command.value]);
    return { done: true, length: before.length + 1 };
  }

  /** The order of the parts does not count. */
  #toggle(name: string, content: string): void {
    let hash = 0x811c9dc5;
    const text = `${name}=${content}`;
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    this.#digest = (this.#digest ^ Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)) >>> 0;
  }
}
