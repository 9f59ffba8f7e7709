/** Writers that keep creating appointments while something happens, and remember what was acknowledged. */
import { type Answer, ApiClient } from './api-client.ts';

export interface Acknowledged {
  readonly id: string;
  readonly title: string;
  readonly index: number;
  /** By performance.now(). */
  readonly atMs: number;
}

/** After an attempt that nobody answered, or that was refused: pods that are down refuse at once. */
const PAUSE_MS = 20;

/**
 * Each writer sends one request at a time, to any pod that answers, and repeats it with the same Idempotency-Key until
 * it knows the outcome: that is what the API promises to be safe.
 */
export class Workload {
  readonly acknowledged: Acknowledged[] = [];
  /** Answers that a correct server never gives. */
  readonly complaints: string[] = [];
  readonly #token: string;
  readonly #urls: readonly string[];
  readonly #writers: Promise<void>[] = [];
  readonly #name: string;
  readonly #timeoutMs: number | undefined;
  #slot: number;
  #stopping = false;
  #abandoned = false;
  #watchers: (() => void)[] = [];

  /**
   * @param firstSlot appointments take the slots from there on, so that no two are in each other's way.
   * @param timeoutMs of one attempt.
   */
  constructor(name: string, token: string, urls: readonly string[], firstSlot: number, timeoutMs?: number) {
    this.#name = name;
    this.#token = token;
    this.#urls = urls;
    this.#slot = firstSlot;
    this.#timeoutMs = timeoutMs;
  }

  /** Nothing was booked from there on. */
  get nextSlot(): number {
    return this.#slot;
  }

  start(writers: number): this {
    for (let writer = 0; writer < writers; writer++) this.#writers.push(this.#write(writer));
    return this;
  }

  /** Resolves when so many more writes have been acknowledged. */
  more(count: number): Promise<void> {
    const goal = this.acknowledged.length + count;
    return new Promise((resolve) => {
      this.#watchers.push(() => {
        if (this.acknowledged.length >= goal) resolve();
      });
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#writers);
  }

  /** What is under way is given up: nothing that it waits for may come any more. */
  abandon(): void {
    this.#stopping = true;
    this.#abandoned = true;
  }

  async #write(writer: number): Promise<void> {
    for (let turn = 0; !this.#stopping; turn++) {
      const slot = this.#slot++;
      await this.#untilKnown(`${this.#name}-${writer}-${turn}`, slot, writer);
    }
  }

  async #untilKnown(title: string, slot: number, writer: number): Promise<void> {
    for (let attempt = 0; !this.#abandoned; attempt++) {
      const url = this.#urls[(writer + attempt) % this.#urls.length] as string;
      const answer = await attemptCreate(new ApiClient(url, this.#token), title, slot, this.#timeoutMs);
      if (answer?.status === 201) {
        const index = Number(answer.headers.get('x-agenda-index'));
        this.acknowledged.push({ id: answer.body.id, title, index, atMs: performance.now() });
        for (const watcher of this.#watchers) watcher();
        return;
      }
      if (answer && answer.status < 500) {
        this.complaints.push(`${answer.status} ${JSON.stringify(answer.body)}`);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** Undefined: the pod did not answer. */
async function attemptCreate(
  client: ApiClient,
  title: string,
  slot: number,
  timeoutMs: number | undefined,
): Promise<Answer | undefined> {
  try {
    return await client.create(title, slot, { 'idempotency-key': title }, timeoutMs);
  } catch (error) {
    // Refused or broken connections are what the workload is there to survive; anything else is a bug here.
    if (error instanceof TypeError || (error as Error).name === 'TimeoutError') return undefined;
    throw error;
  }
}
