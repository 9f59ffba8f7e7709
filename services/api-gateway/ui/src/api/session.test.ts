import assert from 'node:assert/strict';
import { ApiError, clientError, parseProblem } from './problem.ts';
import { Session, type SessionPorts, type StoredSession } from './session.ts';
import type { SessionGrant, User } from './types.ts';

const ANA: User = {
  id: 'ana-id',
  username: 'ana',
  email: null,
  displayName: 'Ana',
  timeZone: 'UTC',
  role: 'member',
  version: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

/** A server that rotates and detects reuse, one shared storage, and tabs that share a lock. */
class Browser {
  stored: StoredSession | null = null;
  nowMs = 1_000_000;
  generation = 0;
  refreshes: { token: string; key: string }[] = [];
  /** What the next refresh does instead of answering. */
  failures: (ApiError | 'lost-answer')[] = [];
  #lock: Promise<unknown> = Promise.resolve();
  #ids = 0;
  #answers = new Map<string, SessionGrant>();

  grant(): SessionGrant {
    this.generation += 1;
    return {
      token: `access-${this.generation}`,
      refreshToken: `refresh-${this.generation}`,
      expiresInSeconds: 900,
      user: ANA,
    };
  }

  openTab(): Session {
    return new Session(this.#ports());
  }

  #ports(): SessionPorts {
    return {
      store: {
        read: () => this.stored,
        write: (session) => {
          this.stored = session;
        },
        clear: () => {
          this.stored = null;
        },
      },
      exclusively: (work) => {
        const done = this.#lock.then(work);
        this.#lock = done.catch(() => {});
        return done;
      },
      newId: () => `key-${++this.#ids}`,
      nowMs: () => this.nowMs,
      refresh: (token, key) => this.#refresh(token, key),
    };
  }

  async #refresh(token: string, key: string): Promise<SessionGrant> {
    this.refreshes.push({ token, key });
    await Promise.resolve();
    const failure = this.failures.shift();
    if (failure instanceof ApiError) throw failure;
    const answered = this.#answers.get(key);
    if (answered === undefined && token !== `refresh-${this.generation}`) {
      throw parseProblem(401, '{"code":"unauthenticated"}', null);
    }
    const grant = answered ?? this.grant();
    this.#answers.set(key, grant);
    if (failure === 'lost-answer') throw clientError('network', 'lost');
    return grant;
  }
}

describe('the session', () => {
  let browser: Browser;
  beforeEach(() => {
    browser = new Browser();
  });

  it('uses the access token of the log-in until it is about to expire', async () => {
    const tab = browser.openTab();
    tab.begin(browser.grant());
    assert.equal(await tab.accessToken(), 'access-1');
    browser.nowMs += 860_000;
    assert.equal(await tab.accessToken(), 'access-1');
    browser.nowMs += 20_000;
    assert.equal(await tab.accessToken(), 'access-2');
  });

  it('refreshes once for many requests that were refused at the same time', async () => {
    const tab = browser.openTab();
    tab.begin(browser.grant());
    const tokens = await Promise.all(Array.from({ length: 8 }, () => tab.replaceToken('access-1')));
    assert.deepEqual(new Set(tokens), new Set(['access-2']));
    assert.equal(browser.refreshes.length, 1);
  });

  it('does not refresh for a request whose token has been replaced meanwhile', async () => {
    const tab = browser.openTab();
    tab.begin(browser.grant());
    await tab.replaceToken('access-1');
    assert.equal(await tab.replaceToken('access-1'), 'access-2');
    assert.equal(browser.refreshes.length, 1);
  });

  it('never presents a refresh token twice when two tabs wake up together', async () => {
    browser.openTab().begin(browser.grant());
    const [one, two] = [browser.openTab(), browser.openTab()];
    await Promise.all([one.accessToken(), two.accessToken()]);
    assert.deepEqual(
      browser.refreshes.map(({ token }) => token),
      ['refresh-1', 'refresh-2'],
    );
  });

  it('asks again with the same key when the answer was lost, and so gets the same grant', async () => {
    const tab = browser.openTab();
    tab.begin(browser.grant());
    browser.failures = ['lost-answer'];
    await assert.rejects(tab.replaceToken('access-1'), { code: 'network' });
    assert.equal(await tab.replaceToken('access-1'), 'access-2');
    assert.equal(browser.refreshes[0]?.key, browser.refreshes[1]?.key);
  });

  it('keeps the session when the server cannot be reached', async () => {
    const tab = browser.openTab();
    tab.begin(browser.grant());
    let ended = false;
    tab.onEnded = () => {
      ended = true;
    };
    browser.failures = [clientError('network', 'down'), parseProblem(503, '{"code":"no_leader"}', '1')];
    await assert.rejects(tab.replaceToken('access-1'), { code: 'network' });
    await assert.rejects(tab.replaceToken('access-1'), { code: 'no_leader' });
    assert.equal(ended, false);
    assert.equal(await tab.replaceToken('access-1'), 'access-2');
  });

  it('ends when the server refuses the refresh token, and forgets it', async () => {
    const tab = browser.openTab();
    tab.begin(browser.grant());
    let ended = 0;
    tab.onEnded = () => {
      ended += 1;
    };
    browser.failures = [parseProblem(401, '{"code":"unauthenticated"}', null)];
    await assert.rejects(tab.replaceToken('access-1'), { code: 'session_ended' });
    assert.equal(ended, 1);
    assert.equal(browser.stored, null);
  });

  it('ends in this tab when another tab logs out or somebody else logs in there', () => {
    const tab = browser.openTab();
    tab.begin(browser.grant());
    let ended = 0;
    tab.onEnded = () => {
      ended += 1;
    };
    tab.storageChanged();
    assert.equal(ended, 0);
    browser.openTab().begin({ ...browser.grant(), user: { ...ANA, id: 'someone-else' } });
    tab.storageChanged();
    assert.equal(ended, 1);
  });
});
