/** What a handler knows of the call besides its request. */
import type { RequestContext } from './request-context.ts';

export class CallContext implements RequestContext {
  /** NODE_ID (or tool name) that signed the call. */
  readonly nodeId: string;
  readonly requestId: string;
  /** On the clock of performance.now(). */
  readonly deadlineAtMs: number;
  /** Network address of the caller. */
  readonly peer: string;
  #aborted = false;
  #controller: AbortController | undefined;

  constructor(nodeId: string, requestId: string, deadlineAtMs: number, peer: string) {
    this.nodeId = nodeId;
    this.requestId = requestId;
    this.deadlineAtMs = deadlineAtMs;
    this.peer = peer;
  }

  /** Aborts when the caller has gone away. Made on first use: most calls never look. */
  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#aborted = true;
    this.#controller?.abort();
  }
}
