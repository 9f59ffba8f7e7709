/** What happened, line by line; its digest tells whether two runs were the same. */
import { createHash } from 'node:crypto';

const HASHED_AT_LENGTH = 64 * 1024;

export class Trace {
  readonly #hash = createHash('sha256');
  readonly #keep: number;
  #lines: string[] = [];
  #unhashed = '';
  #count = 0;

  /** @param keep how many of the last lines can be read again. */
  constructor(keep: number) {
    this.#keep = keep;
  }

  get count(): number {
    return this.#count;
  }

  /** The last ones, oldest first. */
  get lines(): readonly string[] {
    return this.#lines.slice(Math.max(0, this.#lines.length - this.#keep));
  }

  add(atUs: number, text: string): void {
    const line = `${(atUs / 1e6).toFixed(6)} ${text}`;
    this.#count += 1;
    this.#unhashed += `${line}\n`;
    if (this.#unhashed.length > HASHED_AT_LENGTH) this.#flush();
    this.#lines.push(line);
    if (this.#lines.length > 2 * this.#keep + 1_000)
      this.#lines = this.#lines.slice(this.#lines.length - this.#keep);
  }

  /** Of all lines. Ends the trace. */
  digest(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #flush(): void {
    this.#hash.update(this.#unhashed);
    this.#unhashed = '';
  }
}
