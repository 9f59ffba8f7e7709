/**
 * The session of this browser. The access token lives in memory only. The refresh token lives in storage that all
 * tabs share: a session of 30 days survives a reload, and there is exactly one current token, so that tabs cannot
 * present an old one (which the server takes for theft and answers by ending the session).
 */

import { ApiError, clientError } from './problem.ts';
import type { SessionGrant, User } from './types.ts';

/** An access token with less life than this is replaced before it is used. */
const EXPIRES_SOON_MS = 30_000;

export interface StoredSession {
  readonly refreshToken: string;
  /**
   * Idempotency key of the one exchange this refresh token is good for: if the answer is lost, asking again gives the
   * same answer, however late.
   */
  readonly refreshKey: string;
  readonly userId: string;
}

export interface SessionStore {
  read(): StoredSession | null;
  write(session: StoredSession): void;
  clear(): void;
}

export interface SessionPorts {
  readonly store: SessionStore;
  /** Exchanges a refresh token for the next grant; rejects with ApiError. */
  readonly refresh: (refreshToken: string, idempotencyKey: string) => Promise<SessionGrant>;
  /** Runs one piece of work at a time across all tabs of this origin. */
  readonly exclusively: <Result>(work: () => Promise<Result>) => Promise<Result>;
  readonly newId: () => string;
  readonly nowMs: () => number;
}

interface AccessToken {
  readonly token: string;
  readonly expiresAtMs: number;
}

export class Session {
  readonly #ports: SessionPorts;
  #access: AccessToken | null = null;
  #userId: string | null = null;
  #refreshing: Promise<string> | null = null;
  /** Called once when the server or another tab has ended the session. */
  onEnded: () => void = () => {};
  /** Called with the user of every grant. */
  onGranted: (user: User) => void = () => {};

  constructor(ports: SessionPorts) {
    this.#ports = ports;
  }

  /** True if there is something to log back in with. */
  get isStored(): boolean {
    return this.#ports.store.read() !== null;
  }

  begin(grant: SessionGrant): void {
    this.#adopt(grant);
  }

  /** Forgets the session here and in all tabs. The caller has told the server, or could not. */
  forget(): void {
    this.#ports.store.clear();
    this.#access = null;
    this.#userId = null;
  }

  /** A token with more than that life left; all who ask while it is being renewed share one renewal. */
  async accessToken(lifeMs = EXPIRES_SOON_MS): Promise<string> {
    const access = this.#access;
    if (access !== null && access.expiresAtMs - this.#ports.nowMs() > lifeMs) return access.token;
    return this.#renew();
  }

  /** A token other than `refused`, which the server did not accept. */
  async replaceToken(refused: string): Promise<string> {
    if (this.#access !== null && this.#access.token !== refused) return this.accessToken();
    return this.#renew();
  }

  /** Another tab logged out, or logged in as somebody else. */
  storageChanged(): void {
    if (this.#userId === null) return;
    if (this.#ports.store.read()?.userId !== this.#userId) this.#end();
  }

  #renew(): Promise<string> {
    this.#refreshing ??= this.#ports
      .exclusively(() => this.#exchange())
      .finally(() => {
        this.#refreshing = null;
      });
    return this.#refreshing;
  }

  /** Reads the stored token only inside the lock: another tab may just have rotated it. */
  async #exchange(): Promise<string> {
    const stored = this.#ports.store.read();
    if (stored === null || (this.#userId !== null && stored.userId !== this.#userId)) {
      this.#end();
      throw clientError('session_ended', 'Your session has ended.');
    }
    try {
      const grant = await this.#ports.refresh(stored.refreshToken, stored.refreshKey);
      if (this.#ports.store.read()?.refreshToken === stored.refreshToken) this.#adopt(grant);
      return grant.token;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      if (this.#ports.store.read()?.refreshToken === stored.refreshToken) this.#ports.store.clear();
      this.#end();
      throw clientError('session_ended', 'Your session has ended.', error);
    }
  }

  #adopt(grant: SessionGrant): void {
    this.#ports.store.write({
      refreshToken: grant.refreshToken,
      refreshKey: this.#ports.newId(),
      userId: grant.user.id,
    });
    this.#userId = grant.user.id;
    this.#access = {
      token: grant.token,
      expiresAtMs: this.#ports.nowMs() + grant.expiresInSeconds * 1_000,
    };
    this.onGranted(grant.user);
  }

  #end(): void {
    this.#access = null;
    this.#userId = null;
    this.onEnded();
  }
}
