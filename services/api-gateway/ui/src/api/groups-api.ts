/** Groups and their members. */

import type { ApiClient } from './client.ts';
import type { Page } from './types.ts';

export type GroupKind = 'hierarchical' | 'non_hierarchical';

export interface Group {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Never changes. */
  readonly kind: GroupKind;
  readonly creatorId: string;
  readonly memberCount: number;
  /** Null in a flat group, and in live events, which several people get. */
  readonly myRank: number | null;
  readonly version: number;
}

export interface GroupMember {
  readonly groupId: string;
  readonly userId: string;
  readonly username: string;
  readonly displayName: string;
  /** Greater is higher; 0 in a flat group. */
  readonly rank: number;
  readonly joinedAt: string;
}

export interface NewGroup {
  readonly name: string;
  readonly description: string;
  readonly kind: GroupKind;
}

/** What is left out stays as it is. */
export type GroupChange = Partial<Pick<Group, 'name' | 'description'>>;

/** The server's bounds of a person's groups and of a group's members; one page holds them all. */
const GROUPS_MAX = 200;
const MEMBERS_MAX = 200;

export class GroupsApi {
  readonly #client: ApiClient;

  constructor(client: ApiClient) {
    this.#client = client;
  }

  /** The viewer's, by name. */
  async mine(): Promise<readonly Group[]> {
    const page: Page<Group> = await this.#client.read(`/api/groups?limit=${GROUPS_MAX}`);
    return page.items;
  }

  /** The highest rank first, then by user name. */
  async members(groupId: string): Promise<readonly GroupMember[]> {
    const path = `${pathOf(groupId)}/members?limit=${MEMBERS_MAX}`;
    const page: Page<GroupMember> = await this.#client.read(path);
    return page.items;
  }

  create(group: NewGroup, idempotencyKey: string): Promise<Group> {
    return this.#client.write('POST', '/api/groups', group, { idempotencyKey });
  }

  update(groupId: string, version: number, change: GroupChange, idempotencyKey: string): Promise<Group> {
    return this.#client.write('PATCH', pathOf(groupId), change, { idempotencyKey, version });
  }

  delete(groupId: string, version: number, idempotencyKey: string): Promise<void> {
    return this.#client.write('DELETE', pathOf(groupId), undefined, { idempotencyKey, version });
  }

  /** Adds a member or changes the rank. @param rank Null in a flat group. */
  putMember(
    groupId: string,
    userId: string,
    rank: number | null,
    idempotencyKey: string,
  ): Promise<GroupMember> {
    const body = rank === null ? {} : { rank };
    return this.#client.write('PUT', memberPath(groupId, userId), body, { idempotencyKey });
  }

  removeMember(groupId: string, userId: string, idempotencyKey: string): Promise<void> {
    return this.#client.write('DELETE', memberPath(groupId, userId), undefined, { idempotencyKey });
  }

  leave(groupId: string, idempotencyKey: string): Promise<void> {
    return this.#client.write('POST', `${pathOf(groupId)}/leave`, undefined, { idempotencyKey });
  }

  handOver(groupId: string, userId: string, idempotencyKey: string): Promise<Group> {
    return this.#client.write('POST', `${pathOf(groupId)}/hand-over`, { userId }, { idempotencyKey });
  }
}

function pathOf(groupId: string): string {
  return `/api/groups/${encodeURIComponent(groupId)}`;
}

function memberPath(groupId: string, userId: string): string {
  return `${pathOf(groupId)}/members/${encodeURIComponent(userId)}`;
}
