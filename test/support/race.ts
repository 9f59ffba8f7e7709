/** Many clients who want the same, through all pods, each until it is told yes or no. */
import type { Answer, ApiClient } from './api-client.ts';

const ATTEMPT_MS = 3_000;
/** From the first attempt; beyond it nobody was told. */
const TRIES_MAX_MS = 60_000;
/** After an attempt that nobody decided: pods that are down refuse at once. */
const PAUSE_MS = 25;
/** What decides nothing: the same request, with the same key, is sent again. */
const UNDECIDED = new Set([429, 503, 504]);

export interface Wish {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly key: string;
}

/** Asks one pod after the other, with one Idempotency-Key, until one of them decides. @throws Error when none does */
export async function insist(
  api: ApiClient,
  urls: readonly string[],
  first: number,
  wish: Wish,
): Promise<Answer> {
  const { method, path, body, key } = wish;
  const options = {
    headers: { 'idempotency-key': key },
    timeoutMs: ATTEMPT_MS,
    ...(body === undefined ? {} : { body }),
  };
  const startedAt = performance.now();
  let last = 'nothing';
  for (let attempt = 0; performance.now() - startedAt < TRIES_MAX_MS; attempt++) {
    const url = urls[(first + attempt) % urls.length] as string;
    try {
      const answer = await api.at(url).call(method, path, options);
      if (!UNDECIDED.has(answer.status)) return answer;
      last = JSON.stringify(answer.body);
    } catch (error) {
      // The pod is gone, or went away meanwhile.
      last = String(error);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  throw new Error(`nobody decided ${key} in ${TRIES_MAX_MS} ms; last: ${last}`);
}
