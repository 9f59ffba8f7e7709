import { Leadership } from '@agenda/proto/raft/v1/state_machine';

const UNKNOWN: Readonly<Leadership> = Object.freeze(Leadership.fromPartial({}));

/** What the sidecar last said about who leads. Nothing is known while the agenda is not attached. */
export class LeadershipWatch {
  #current: Readonly<Leadership> = UNKNOWN;
  readonly #listeners: (() => void)[] = [];

  get current(): Readonly<Leadership> {
    return this.#current;
  }

  get leaderKnown(): boolean {
    return this.#current.leaderId !== '';
  }

  /** A proposal has a chance to be appended. */
  get acceptsWrites(): boolean {
    return this.leaderKnown && this.#current.acceptsWrites;
  }

  /** Called after each change, for the life of the process. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  update(leadership: Leadership): void {
    this.#current = leadership;
    for (const listener of this.#listeners) listener();
  }

  forget(): void {
    this.update(UNKNOWN);
  }
}
