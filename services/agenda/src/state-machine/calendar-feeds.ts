/** Secret addresses under which calendar programs read an agenda. Only the hash of a secret is kept. */
import type { SetFeed } from '@agenda/proto/agenda/v1/command';
import type { Database } from 'better-sqlite3';
import type { GroupRows } from './group-rows.ts';
import { DONE, type Outcome, refuse } from './outcome.ts';
import type { Step } from './step.ts';

/** SHA-256. */
const SECRET_HASH_BYTES = 32;

export class CalendarFeeds {
  readonly #groups: GroupRows;
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database, groups: GroupRows) {
    this.#statements = prepare(db);
    this.#groups = groups;
  }

  /** One per person and one per group: a new one takes the place of the old one, whose address ends. */
  set(step: Step, { userId, groupId, secretHash }: SetFeed): Outcome {
    const revokes = secretHash.length === 0;
    step.subject = {
      action: revokes ? 'feed.revoked' : 'feed.set',
      target: groupId === '' ? `user:${userId}` : `group:${groupId}`,
    };
    const refusal =
      groupId === '' ? this.#refusePerson(step, userId) : this.#refuseGroup(step, userId, groupId);
    if (refusal) return refusal;
    if (!revokes && secretHash.length !== SECRET_HASH_BYTES)
      return refuse('invalid_argument', `secretHash must have ${SECRET_HASH_BYTES} bytes`, {
        path: 'secretHash',
      });
    this.#statements.delete.run(userId, groupId);
    if (!revokes) this.#statements.insert.run(secretHash, userId, groupId, step.atMs);
    return DONE;
  }

  #refusePerson(step: Step, userId: string): Outcome | undefined {
    if (userId !== '' && userId === step.command.actorId) return undefined;
    return refuse('forbidden', 'a person sets the own feed only');
  }

  #refuseGroup(step: Step, userId: string, groupId: string): Outcome | undefined {
    if (userId !== '')
      return refuse('invalid_argument', 'a feed is of a user or of a group, not of both', { path: 'userId' });
    const group = this.#groups.byId(groupId);
    const { actorId } = step.command;
    if (!group || !this.#groups.member(groupId, actorId))
      return refuse('not_found', `there is no group ${groupId}, or you are not a member`, {
        path: 'groupId',
      });
    return group.creator_id === actorId
      ? undefined
      : refuse('forbidden', "only the creator sets the group's feed");
  }
}

function prepare(db: Database) {
  return {
    delete: db.prepare<[string, string]>('DELETE FROM feeds WHERE user_id = ? AND group_id = ?'),
    insert: db.prepare<[Uint8Array, string, string, number]>(
      `INSERT INTO feeds (secret_hash, user_id, group_id, created_at_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (secret_hash) DO NOTHING`,
    ),
  };
}
