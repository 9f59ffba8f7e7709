/** Who there is: registration, profile, password, role. */
import type {
  ChangePassword,
  RegisterUser,
  SetUserRole,
  UpdateProfile,
} from '@agenda/proto/agenda/v1/command';
import { NotificationKind, type User, UserRole, VersionDetail } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import type { Notifications } from './notifications.ts';
import { type Outcome, type RefusalOutcome, refuse, refuseInvalid } from './outcome.ts';
import type { Sessions } from './sessions.ts';
import type { Step } from './step.ts';
import { displayNameErrors, emailErrors, timeZoneErrors, usernameErrors } from './validate.ts';

export interface UserRow {
  readonly id: string;
  readonly username: string;
  readonly email: string | null;
  readonly display_name: string;
  readonly time_zone: string;
  readonly role: UserRole;
  readonly password_hash: string;
  readonly password_version: number;
  readonly version: number;
  readonly origin_node: string;
  readonly created_at_ms: number;
  readonly updated_at_ms: number;
}

export function userFromRow(row: UserRow): User {
  return {
    id: row.id,
    username: row.username,
    email: row.email ?? '',
    displayName: row.display_name,
    timeZone: row.time_zone,
    role: row.role,
    version: row.version,
    originNode: row.origin_node,
    createdAtMs: row.created_at_ms,
    updatedAtMs: row.updated_at_ms,
  };
}

export class Users {
  readonly #sessions: Sessions;
  readonly #notifications: Notifications;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database, sessions: Sessions, notifications: Notifications) {
    this.#statements = prepare(db);
    this.#sessions = sessions;
    this.#notifications = notifications;
  }

  byId(id: string): UserRow | undefined {
    return this.#statements.byId.get(id);
  }

  exists(id: string): boolean {
    return this.#statements.exists.get(id) !== undefined;
  }

  /** For the sentences of notifications. */
  nameOf(id: string): string {
    return this.byId(id)?.display_name ?? 'Somebody';
  }

  register(
    step: Step,
    { userId, username, email, displayName, timeZone, passwordHash }: RegisterUser,
  ): Outcome {
    step.subject = { action: 'user.registered', target: `user:${userId}`, detail: { username } };
    const invalid = refuseInvalid([
      ...usernameErrors(username, 'username'),
      ...emailErrors(email, 'email'),
      ...displayNameErrors(displayName, 'displayName'),
      ...timeZoneErrors(timeZone, 'timeZone'),
    ]);
    if (invalid) return invalid;
    if (this.#statements.byUsername.get(username))
      return refuse('conflict', `the user name ${username} is taken`, { path: 'username' });
    const taken = this.#refuseTakenEmail(email, userId);
    if (taken) return taken;
    if (this.byId(userId)) return refuse('conflict', `there is a user ${userId} already`);
    const row: UserRow = {
      id: userId,
      username,
      email: normalizedEmail(email),
      display_name: displayName,
      time_zone: timeZone,
      role: UserRole.USER_ROLE_MEMBER,
      password_hash: passwordHash,
      password_version: 1,
      version: 1,
      origin_node: step.command.originNode,
      created_at_ms: step.atMs,
      updated_at_ms: step.atMs,
    };
    this.#statements.insert.run(row);
    this.#addNames(row);
    return { $case: 'user', value: userFromRow(row) };
  }

  updateProfile(step: Step, change: UpdateProfile): Outcome {
    step.subject = { action: 'profile.updated', target: `user:${change.userId}` };
    const row = this.byId(change.userId);
    if (!row) return refuse('not_found', 'there is no such user');
    if (change.userId !== step.command.actorId)
      return refuse('forbidden', 'only you may change your profile');
    const { expectedVersion } = change;
    if (expectedVersion !== undefined && expectedVersion !== row.version) return versionMismatch(row.version);
    const email = change.email ?? row.email ?? '';
    const next: UserRow = {
      ...row,
      email: normalizedEmail(email),
      display_name: change.displayName ?? row.display_name,
      time_zone: change.timeZone ?? row.time_zone,
      version: row.version + 1,
      updated_at_ms: step.atMs,
    };
    const refusal =
      refuseInvalid([
        ...emailErrors(email, 'email'),
        ...displayNameErrors(next.display_name, 'displayName'),
        ...timeZoneErrors(next.time_zone, 'timeZone'),
      ]) ?? this.#refuseTakenEmail(email, row.id);
    if (refusal) return refusal;
    if (next.display_name !== row.display_name) {
      for (const name of namesOf(row)) this.#statements.removeName.run(name, row.username);
      this.#addNames(next);
    }
    return this.#save(step, next);
  }

  /** Ends every other session: whoever has stolen one is out from here on. */
  changePassword(step: Step, change: ChangePassword): Outcome {
    step.subject = { action: 'password.changed', target: `user:${change.userId}` };
    const row = this.byId(change.userId);
    if (!row) return refuse('not_found', 'there is no such user');
    if (change.userId !== step.command.actorId)
      return refuse('forbidden', 'only you may change your password');
    if (change.passwordVersion !== row.password_version)
      return refuse('unprocessable', 'the password was changed meanwhile', { path: 'currentPassword' });
    const outcome = this.#save(step, {
      ...row,
      password_hash: change.passwordHash,
      password_version: row.password_version + 1,
      version: row.version + 1,
      updated_at_ms: step.atMs,
    });
    this.#sessions.endAll(step, row.id, change.keepSessionId);
    this.#notifications.notify(step, {
      userId: row.id,
      kind: NotificationKind.NOTIFICATION_KIND_PASSWORD_CHANGED,
      text: 'Your password was changed. Everywhere else you have been logged out.',
    });
    return outcome;
  }

  /** Only the cluster's own tools come here without an actor. */
  setRole(step: Step, { username, role }: SetUserRole): Outcome {
    step.subject = { action: 'user.role_set', target: `user:${username}`, detail: { role } };
    if (step.command.actorId !== '') return refuse('forbidden', 'only internal tools may set roles');
    if (role !== UserRole.USER_ROLE_MEMBER && role !== UserRole.USER_ROLE_OPERATOR)
      return refuse('invalid_argument', 'role must be member or operator', { path: 'role' });
    const row = this.#statements.byUsername.get(username);
    if (!row) return refuse('not_found', `there is no user ${username}`, { path: 'username' });
    return this.#save(step, { ...row, role, version: row.version + 1, updated_at_ms: step.atMs });
  }

  #addNames(row: UserRow): void {
    for (const name of namesOf(row)) this.#statements.addName.run(name, row.username);
  }

  #save(step: Step, row: UserRow): Outcome {
    this.#statements.update.run(row);
    const user = userFromRow(row);
    step.emit([row.id], { $case: 'profileChanged', value: user });
    return { $case: 'user', value: user };
  }

  #refuseTakenEmail(email: string, userId: string): RefusalOutcome | undefined {
    const normalized = normalizedEmail(email);
    if (normalized === null) return undefined;
    const holder = this.#statements.byEmail.get(normalized);
    if (!holder || holder.id === userId) return undefined;
    return refuse('conflict', 'this e-mail address is registered already', { path: 'email' });
  }
}

export function versionMismatch(currentVersion: number): RefusalOutcome {
  return refuse(
    'version_mismatch',
    `it was changed meanwhile: version ${currentVersion} is the current one`,
    {
      payload: VersionDetail.encode({ currentVersion }).finish(),
    },
  );
}

/** What a user is found by (see schema.ts). */
function namesOf({ username, display_name }: UserRow): ReadonlySet<string> {
  const words = asciiLower(display_name).split(' ');
  return new Set([username, ...words.map((_, at) => words.slice(at).join(' '))]);
}

/** Unique without regard to ASCII case; no locale has a say in it. */
function normalizedEmail(email: string): string | null {
  return email === '' ? null : asciiLower(email);
}

export function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 32));
}

function prepare(db: Database) {
  return {
    byId: db.prepare<[string], UserRow>('SELECT * FROM users WHERE id = ?'),
    exists: db.prepare<[string], { one: number }>('SELECT 1 AS one FROM users WHERE id = ?'),
    byUsername: db.prepare<[string], UserRow>('SELECT * FROM users WHERE username = ?'),
    byEmail: db.prepare<[string], UserRow>('SELECT * FROM users WHERE email = ?'),
    insert: db.prepare<[UserRow]>(
      `INSERT INTO users VALUES (@id, @username, @email, @display_name, @time_zone, @role, @password_hash,
         @password_version, @version, @origin_node, @created_at_ms, @updated_at_ms)`,
    ),
    update: db.prepare<[UserRow]>(
      `UPDATE users SET email = @email, display_name = @display_name, time_zone = @time_zone, role = @role,
         password_hash = @password_hash, password_version = @password_version, version = @version,
         updated_at_ms = @updated_at_ms WHERE id = @id`,
    ),
    addName: db.prepare<[string, string]>('INSERT INTO user_names VALUES (?, ?)'),
    removeName: db.prepare<[string, string]>('DELETE FROM user_names WHERE name = ? AND username = ?'),
  };
}
