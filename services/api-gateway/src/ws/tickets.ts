/** One-time tickets, for clients that can put nothing but a URL into a WebSocket. */
import { randomBytes } from 'node:crypto';
import type { Principal } from '../tokens.ts';

const LIFETIME_SECONDS = 30;
/** The oldest one is forgotten at the bound. */
const TICKETS_MAX = 10_000;
const TICKET_BYTES = 24;

export class Tickets {
  readonly #issued = new Map<string, { readonly principal: Principal; readonly expiresAtMs: number }>();

  /** For one use, on this pod. */
  issue(principal: Principal): { readonly ticket: string; readonly expiresInSeconds: number } {
    this.#makeRoom();
    const ticket = randomBytes(TICKET_BYTES).toString('base64url');
    this.#issued.set(ticket, { principal, expiresAtMs: performance.now() + LIFETIME_SECONDS * 1_000 });
    return { ticket, expiresInSeconds: LIFETIME_SECONDS };
  }

  /** Undefined: never issued, used, or expired. */
  redeem(ticket: string): Principal | undefined {
    const found = this.#issued.get(ticket);
    this.#issued.delete(ticket);
    return found && found.expiresAtMs > performance.now() ? found.principal : undefined;
  }

  /** They expire in the order in which they were issued. */
  #makeRoom(): void {
    const now = performance.now();
    for (const [ticket, { expiresAtMs }] of this.#issued) {
      if (expiresAtMs > now && this.#issued.size < TICKETS_MAX) return;
      this.#issued.delete(ticket);
    }
  }
}
