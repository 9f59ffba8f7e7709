/** Appointments whose writes are remembered; the oldest go first. Only what is written to again at once matters. */
const REMEMBERED_MAX = 100;

interface Chain {
  /** Settles when the newest write has. */
  last: Promise<unknown>;
  /** By the version that an own write was based on: the version it led to. */
  readonly results: Map<number, number>;
}

/**
 * Writes to one appointment go one after the other. Whoever drags twice in quick succession has not seen the version
 * that the first drag led to: a write based on what an own write replaced is based on its result instead. A change by
 * somebody else still stands in between, and is still refused as a version mismatch.
 */
export class WriteChains {
  readonly #chains = new Map<string, Chain>();

  /** @param write Is given the version to base itself on, and resolves to the one it led to. */
  run(
    item: { readonly id: string; readonly version: number },
    write: (version: number) => Promise<number>,
  ): Promise<void> {
    const chain = this.#chainOf(item.id);
    const done = chain.last.then(async () => {
      const version = newest(item.version, chain.results);
      chain.results.set(version, await write(version));
    });
    chain.last = done.catch(() => {}); // The caller handles it; the next write does not depend on it.
    return done;
  }

  #chainOf(id: string): Chain {
    const chain = this.#chains.get(id) ?? { last: Promise.resolve(), results: new Map() };
    this.#chains.delete(id);
    this.#chains.set(id, chain);
    for (const oldest of this.#chains.keys()) {
      if (this.#chains.size <= REMEMBERED_MAX) break;
      this.#chains.delete(oldest);
    }
    return chain;
  }
}

function newest(version: number, results: ReadonlyMap<number, number>): number {
  let current = version;
  for (let next = results.get(current); next !== undefined && next > current; next = results.get(current)) {
    current = next;
  }
  return current;
}
