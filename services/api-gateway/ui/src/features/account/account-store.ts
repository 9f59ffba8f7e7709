/** Who is logged in. */

import type { AgendaApi, ProfileChange, Registration } from '../../api/agenda-api.ts';
import { ApiError, explain } from '../../api/problem.ts';
import type { Session } from '../../api/session.ts';
import type { User } from '../../api/types.ts';
import { newId } from '../../ids.ts';
import { Store } from '../../store.ts';

/** Between tries to take up a stored session while the server cannot be reached. */
const RESTORE_AGAIN_MS = 3_000;
/** Nobody waits longer to be logged out. */
const LOGOUT_WAIT_MS = 3_000;

const LOGGED_OUT_HERE =
  'You are logged out in this browser. The server could not be told; there the session ends when it expires.';

export type AccountState =
  /** A stored session is being taken up; `problem` says why it takes long. */
  | { readonly phase: 'restoring'; readonly problem: string | null }
  | { readonly phase: 'signed-out'; readonly notice: string | null }
  | { readonly phase: 'signed-in'; readonly user: User };

export class AccountStore {
  readonly state: Store<AccountState>;
  readonly #api: AgendaApi;
  readonly #session: Session;

  constructor(api: AgendaApi, session: Session) {
    this.#api = api;
    this.#session = session;
    this.state = new Store<AccountState>(
      session.isStored ? { phase: 'restoring', problem: null } : { phase: 'signed-out', notice: null },
    );
    session.onGranted = (user) => this.#signedIn(user);
    session.onEnded = () => {
      if (this.state.get().phase !== 'signed-out') {
        this.#signedOut('Your session has ended. Please log in again.');
      }
    };
  }

  /** Takes up the stored session, for as long as it takes. */
  async restore(): Promise<void> {
    while (this.state.get().phase === 'restoring') {
      try {
        await this.#session.accessToken();
        return;
      } catch (error) {
        if (this.state.get().phase !== 'restoring') return;
        this.state.set({ phase: 'restoring', problem: explain(error) });
        await new Promise((resolve) => setTimeout(resolve, RESTORE_AGAIN_MS));
      }
    }
  }

  async login(username: string, password: string, idempotencyKey: string): Promise<void> {
    this.#session.begin(await this.#api.login(username, password, idempotencyKey));
  }

  register(registration: Registration, idempotencyKey: string): Promise<User> {
    return this.#api.register(registration, idempotencyKey);
  }

  /** Always ends the session here; the server is told if it can be reached soon. */
  async logout(): Promise<void> {
    const told = this.state.get().phase === 'signed-in' && (await this.#tellServer());
    this.#session.forget();
    this.#signedOut(told ? 'You are logged out.' : LOGGED_OUT_HERE);
  }

  async #tellServer(): Promise<boolean> {
    const told = this.#api.logout(newId()).then(
      () => true,
      (error) => error instanceof ApiError && error.code === 'session_ended',
    );
    const tooLong = new Promise<false>((resolve) => setTimeout(() => resolve(false), LOGOUT_WAIT_MS));
    return Promise.race([told, tooLong]);
  }

  /** After a version mismatch the current profile is read, so that the next try is based on it. */
  async updateProfile(change: ProfileChange, version: number, idempotencyKey: string): Promise<void> {
    try {
      this.adopt(await this.#api.updateProfile(change, version, idempotencyKey));
    } catch (error) {
      if (error instanceof ApiError && error.code === 'version_mismatch') await this.reload();
      throw error;
    }
  }

  async changePassword(current: string, next: string, idempotencyKey: string): Promise<void> {
    await this.#api.changePassword(current, next, idempotencyKey);
  }

  async reload(): Promise<void> {
    this.adopt(await this.#api.me());
  }

  /** Takes over what is not older than what is known. */
  adopt(user: User): void {
    const now = this.state.get();
    if (now.phase === 'signed-in' && now.user.id === user.id && user.version >= now.user.version) {
      this.state.set({ phase: 'signed-in', user });
    }
  }

  #signedIn(user: User): void {
    const now = this.state.get();
    if (now.phase === 'signed-in' && now.user.id === user.id) this.adopt(user);
    else this.state.set({ phase: 'signed-in', user });
  }

  #signedOut(notice: string): void {
    this.state.set({ phase: 'signed-out', notice });
  }
}
