/** Which pod serves this page, and whether it answers. */

import { createHttp, type Http } from '../../api/http.ts';
import { ApiError } from '../../api/problem.ts';
import { Store } from '../../store.ts';

const POLL_EVERY_MS = 15_000;
/** While the pod does not answer, so that its return shows soon. */
const POLL_AGAIN_MS = 3_000;
const POLL_DEADLINE_MS = 4_000;

export interface ClusterState {
  readonly reachable: boolean;
  readonly node: string | null;
  readonly role: string | null;
  readonly leader: string | null;
}

export class ClusterStore {
  readonly state = new Store<ClusterState>({ reachable: true, node: null, role: null, leader: null });
  /** Called after each poll that the pod did not answer. */
  onUnreachable: () => void = () => {};
  readonly #http: Http;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  constructor(http: Http = createHttp()) {
    this.#http = http;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    void this.#loop();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
  }

  /** Asks at once; the network or the page has just come back. */
  pollNow(): void {
    if (!this.#running) return;
    clearTimeout(this.#timer);
    void this.#loop();
  }

  async #loop(): Promise<void> {
    await this.#poll();
    if (!this.#running) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#loop(), this.state.get().reachable ? POLL_EVERY_MS : POLL_AGAIN_MS);
  }

  async #poll(): Promise<void> {
    try {
      const answer = await this.#http({ method: 'GET', path: '/raft/health', deadlineMs: POLL_DEADLINE_MS });
      this.state.set({ reachable: true, ...parseHealth(answer) });
    } catch (error) {
      // An answer, whatever it says, is an answer: a pod without a leader may call itself unhealthy.
      const answered = error instanceof ApiError && error.status > 0 && error.status !== 502;
      this.state.update(answered ? { reachable: true, leader: null } : { reachable: false });
      if (!answered) this.onUnreachable();
    }
  }
}

function parseHealth(answer: unknown): Omit<ClusterState, 'reachable'> {
  const json = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>;
  return { node: name(json.nodeId), role: words(json.role), leader: name(json.leaderId) };
}

/** A member is a node and an instance, `agenda-1#0198…`; people know the node. */
function name(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.replace(/#.*/, '') : null;
}

/** `preCandidate` is pre-candidate. */
function words(value: unknown): string | null {
  return typeof value === 'string' ? value.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) : null;
}
