/** What a Session needs of the browser. */

import type { SessionPorts, SessionStore, StoredSession } from './session.ts';

export const SESSION_KEY = 'agenda.session';
const REFRESH_LOCK = 'agenda.refresh';

/** localStorage; a browser that forbids it gets a session that lasts as long as the page. */
export function browserSessionStore(): SessionStore {
  let fallback: string | null = null;
  return {
    read: () => parse(attempt(() => localStorage.getItem(SESSION_KEY), fallback)),
    write: (session) => {
      fallback = JSON.stringify(session);
      attempt(() => localStorage.setItem(SESSION_KEY, fallback ?? ''), undefined);
    },
    clear: () => {
      fallback = null;
      attempt(() => localStorage.removeItem(SESSION_KEY), undefined);
    },
  };
}

function attempt<Result>(work: () => Result, otherwise: Result): Result {
  try {
    return work();
  } catch (error) {
    console.warn('local storage is not available; the session will not survive a reload', error);
    return otherwise;
  }
}

function parse(json: string | null): StoredSession | null {
  if (json === null) return null;
  try {
    const value = JSON.parse(json) as Partial<StoredSession> | null;
    const { refreshToken, refreshKey, userId } = value ?? {};
    return refreshToken && refreshKey && userId ? { refreshToken, refreshKey, userId } : null;
  } catch {
    return null; // Not written by this page: the same as nothing stored.
  }
}

/**
 * Web Locks exist only in secure contexts. Elsewhere two tabs may rotate at once, which the server forgives within
 * 30 seconds of a rotation.
 */
export const exclusivelyAcrossTabs: SessionPorts['exclusively'] = (work) =>
  'locks' in navigator ? navigator.locks.request(REFRESH_LOCK, work) : work();
