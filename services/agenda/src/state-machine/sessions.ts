/** Logins as replicated rows (docs/adr/0005): any replica can check, refresh and end them. */
import type { EndSession, RefreshSession, StartSession } from '@agenda/proto/agenda/v1/command';
import type { Session } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { DONE, type Outcome, refuse } from './outcome.ts';
import type { Step } from './step.ts';

/** The oldest one ends when a user starts one more. */
const SESSIONS_PER_USER_MAX = 50;
/** How long the last but one refresh token still works: the answer with its successor may have been lost. */
const REFRESH_GRACE_MS = 30_000;

export interface SessionRow {
  readonly id: string;
  readonly user_id: string;
  readonly generation: number;
  readonly created_at_ms: number;
  readonly refreshed_at_ms: number;
  readonly expires_at_ms: number;
}

function sessionFromRow(row: SessionRow): Session {
  return {
    id: row.id,
    userId: row.user_id,
    generation: row.generation,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

export class Sessions {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** The session, if it lives at that time and is that user's. */
  lives(sessionId: string, userId: string, atMs: number): boolean {
    const row = this.#statements.byId.get(sessionId);
    return row !== undefined && row.user_id === userId && row.expires_at_ms > atMs;
  }

  start(step: Step, start: StartSession): Outcome {
    step.subject = { action: 'session.started', target: `user:${start.userId}` };
    const current = this.#statements.passwordVersion.get(start.userId);
    if (current?.password_version !== start.passwordVersion)
      return refuse('unauthenticated', 'the password was changed meanwhile; log in with the new one');
    if (this.#statements.byId.get(start.sessionId))
      return refuse('conflict', `there is a session ${start.sessionId} already`);
    this.#makeRoom(step, start.userId);
    const row: SessionRow = {
      id: start.sessionId,
      user_id: start.userId,
      generation: 1,
      created_at_ms: step.atMs,
      refreshed_at_ms: step.atMs,
      expires_at_ms: step.atMs + start.lifetimeSeconds * 1_000,
    };
    this.#statements.insert.run(row);
    return { $case: 'session', value: sessionFromRow(row) };
  }

  refresh(step: Step, { sessionId, generation, lifetimeSeconds }: RefreshSession): Outcome {
    step.subject = { action: 'session.refreshed', target: `session:${sessionId}` };
    const row = this.#statements.byId.get(sessionId);
    if (!row || row.expires_at_ms <= step.atMs) return ended();
    if (generation === row.generation) {
      const next: SessionRow = {
        ...row,
        generation: row.generation + 1,
        refreshed_at_ms: step.atMs,
        expires_at_ms: step.atMs + lifetimeSeconds * 1_000,
      };
      this.#statements.update.run(next);
      return { $case: 'session', value: sessionFromRow(next) };
    }
    const lost = generation === row.generation - 1 && step.atMs - row.refreshed_at_ms <= REFRESH_GRACE_MS;
    if (lost) return { $case: 'session', value: sessionFromRow(row) };
    step.subject = { action: 'session.token_reused', target: `user:${row.user_id}`, detail: { generation } };
    this.#end(step, row.user_id, [row.id]);
    return ended();
  }

  end(step: Step, { sessionId }: EndSession): Outcome {
    step.subject = { action: 'session.ended', target: `session:${sessionId}` };
    const row = this.#statements.byId.get(sessionId);
    if (!row) return DONE;
    if (row.user_id !== step.command.actorId)
      return refuse('forbidden', 'only your own sessions are yours to end');
    this.#end(step, row.user_id, [row.id]);
    return DONE;
  }

  endAll(step: Step, userId: string, except: string): void {
    const ids = this.#statements.ofUser.all(userId).flatMap((row) => (row.id === except ? [] : [row.id]));
    this.#end(step, userId, ids);
  }

  /** Expired ones go, and the oldest beyond the bound. */
  #makeRoom(step: Step, userId: string): void {
    const rows = this.#statements.ofUser.all(userId);
    const living = rows.filter((row) => row.expires_at_ms > step.atMs);
    const surplus = living.slice(0, Math.max(0, living.length - SESSIONS_PER_USER_MAX + 1));
    const expired = rows.filter((row) => row.expires_at_ms <= step.atMs);
    this.#end(
      step,
      userId,
      [...expired, ...surplus].map((row) => row.id),
    );
  }

  #end(step: Step, userId: string, sessionIds: readonly string[]): void {
    if (sessionIds.length === 0) return;
    for (const id of sessionIds) this.#statements.delete.run(id);
    step.emit([userId], { $case: 'sessionsEnded', value: { sessionIds: [...sessionIds] } });
  }
}

function ended(): Outcome {
  return refuse('unauthenticated', 'this session has ended; log in again');
}

function prepare(db: Database) {
  return {
    byId: db.prepare<[string], SessionRow>('SELECT * FROM sessions WHERE id = ?'),
    ofUser: db.prepare<[string], SessionRow>(
      'SELECT * FROM sessions WHERE user_id = ? ORDER BY created_at_ms, id',
    ),
    passwordVersion: db.prepare<[string], { password_version: number }>(
      'SELECT password_version FROM users WHERE id = ?',
    ),
    insert: db.prepare<[SessionRow]>(
      'INSERT INTO sessions VALUES (@id, @user_id, @generation, @created_at_ms, @refreshed_at_ms, @expires_at_ms)',
    ),
    update: db.prepare<[SessionRow]>(
      `UPDATE sessions SET generation = @generation, refreshed_at_ms = @refreshed_at_ms,
         expires_at_ms = @expires_at_ms WHERE id = @id`,
    ),
    delete: db.prepare<[string]>('DELETE FROM sessions WHERE id = ?'),
  };
}
