import { ApiError } from './api/problem.ts';
import { newId } from './ids.ts';

/**
 * One thing that a person wants to happen once. If its outcome is unknown, trying again with the same content uses the
 * same Idempotency-Key, so that it cannot happen twice; after a definite answer the next try is a new intention.
 */
export class Intention {
  #open: { readonly content: string; readonly key: string } | null = null;

  async attempt<Result>(
    content: unknown,
    send: (idempotencyKey: string) => Promise<Result>,
  ): Promise<Result> {
    const text = JSON.stringify(content);
    const key = this.#open?.content === text ? this.#open.key : newId();
    this.#open = null;
    try {
      return await send(key);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'outcome_unknown') this.#open = { content: text, key };
      throw error;
    }
  }
}
