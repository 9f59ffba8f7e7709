/** The viewer's groups, and the members of the one that is open. Live events only say that something changed. */

import type { Group, GroupChange, GroupMember, GroupsApi, NewGroup } from '../../api/groups-api.ts';
import { ApiError, explain } from '../../api/problem.ts';
import type { LiveItem } from '../../api/types.ts';
import { Coalesced } from '../../coalesced.ts';
import { Store } from '../../store.ts';
import { inOrder } from './group-rules.ts';

/** Between two readings that live events cause, however many there are. */
const REFRESH_PAUSE_MS = 300;

export interface GroupsState {
  /** By name. */
  readonly groups: readonly Group[];
  /** They have been read once. */
  readonly known: boolean;
  readonly error: string | null;
  readonly open: OpenGroup | null;
}

export interface OpenGroup {
  readonly groupId: string;
  readonly members: readonly GroupMember[];
  readonly known: boolean;
}

const EMPTY: GroupsState = { groups: [], known: false, error: null, open: null };

export class GroupsStore {
  readonly state = new Store<GroupsState>(EMPTY);
  readonly #api: GroupsApi;
  readonly #refresh: Coalesced;
  /** Of the newest reading, and of the user: older answers are not taken. */
  #generation = 0;
  #signedIn = false;

  constructor(api: GroupsApi, wait: (delayMs: number) => Promise<void>) {
    this.#api = api;
    this.#refresh = new Coalesced(() => this.reload(), REFRESH_PAUSE_MS, wait);
  }

  open(): void {
    this.#signedIn = true;
  }

  close(): void {
    this.#signedIn = false;
    this.#generation += 1;
    this.state.set(EMPTY);
  }

  async reload(): Promise<void> {
    if (!this.#signedIn) return;
    this.#generation += 1;
    const generation = this.#generation;
    const openId = this.state.get().open?.groupId ?? null;
    try {
      const [groups, members] = await Promise.all([this.#api.mine(), this.#membersOf(openId)]);
      if (generation !== this.#generation) return;
      this.state.update({ groups, known: true, error: null });
      if (openId !== null && members !== null) this.#setMembers(openId, members);
    } catch (error) {
      if (generation === this.#generation) this.state.update({ error: explain(error) });
    }
  }

  /** Null: nobody asks, or the viewer is not, or no longer, in that group, which the list tells as well. */
  async #membersOf(groupId: string | null): Promise<readonly GroupMember[] | null> {
    if (groupId === null) return null;
    try {
      return await this.#api.members(groupId);
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not_found') return null;
      throw error;
    }
  }

  find(groupId: string): Group | undefined {
    return this.state.get().groups.find(({ id }) => id === groupId);
  }

  /** Its members are read and kept up to date from now on. */
  openGroup(groupId: string): void {
    if (this.state.get().open?.groupId !== groupId)
      this.state.update({ open: { groupId, members: [], known: false } });
    void this.reload();
  }

  closeGroup(): void {
    this.state.update({ open: null });
  }

  applyLive(item: LiveItem): void {
    // The event tells no rank, and a rank changes without a new version.
    if (item.kind === 'group_changed') this.#refresh.ask();
    if (item.kind === 'group_removed') this.#dropped(item.groupId);
  }

  async create(group: NewGroup, idempotencyKey: string): Promise<Group> {
    const created = await this.#api.create(group, idempotencyKey);
    this.#adopt(created);
    return created;
  }

  /** After a version mismatch the current group is read, so that the next try is based on it. */
  async update(groupId: string, version: number, change: GroupChange, idempotencyKey: string): Promise<void> {
    this.#adopt(
      await this.#api
        .update(groupId, version, change, idempotencyKey)
        .catch((error) => this.#mismatched(error)),
    );
  }

  async delete(groupId: string, version: number, idempotencyKey: string): Promise<void> {
    await this.#api.delete(groupId, version, idempotencyKey).catch((error) => this.#mismatched(error));
    this.#dropped(groupId);
  }

  async putMember(
    groupId: string,
    userId: string,
    rank: number | null,
    idempotencyKey: string,
  ): Promise<void> {
    const member = await this.#api.putMember(groupId, userId, rank, idempotencyKey);
    this.#changeMembers(groupId, (members) => [...without(members, userId), member]);
  }

  async removeMember(groupId: string, userId: string, idempotencyKey: string): Promise<void> {
    await this.#api.removeMember(groupId, userId, idempotencyKey);
    this.#changeMembers(groupId, (members) => without(members, userId));
  }

  async leave(groupId: string, idempotencyKey: string): Promise<void> {
    await this.#api.leave(groupId, idempotencyKey);
    this.#dropped(groupId);
  }

  async handOver(groupId: string, userId: string, idempotencyKey: string): Promise<void> {
    this.#adopt(await this.#api.handOver(groupId, userId, idempotencyKey));
    this.#refresh.ask();
  }

  #adopt(group: Group): void {
    const others = this.state.get().groups.filter(({ id }) => id !== group.id);
    this.#setGroups([...others, group]);
  }

  #dropped(groupId: string): void {
    this.#setGroups(this.state.get().groups.filter(({ id }) => id !== groupId));
  }

  /** What was known before a write is not taken any more, and what the write led to is read soon. */
  #setGroups(groups: readonly Group[]): void {
    this.#generation += 1;
    this.state.update({ groups: groups.toSorted(byName), known: true });
    this.#refresh.ask();
  }

  #changeMembers(groupId: string, change: (members: readonly GroupMember[]) => readonly GroupMember[]): void {
    this.#generation += 1;
    const { open } = this.state.get();
    if (open?.groupId === groupId) this.#setMembers(groupId, change(open.members));
    this.#refresh.ask();
  }

  #setMembers(groupId: string, members: readonly GroupMember[]): void {
    if (this.state.get().open?.groupId !== groupId) return;
    this.state.update({ open: { groupId, members: inOrder(members), known: true } });
  }

  async #mismatched(error: unknown): Promise<never> {
    if (error instanceof ApiError && error.code === 'version_mismatch') await this.reload();
    throw error;
  }
}

function without(members: readonly GroupMember[], userId: string): readonly GroupMember[] {
  return members.filter((member) => member.userId !== userId);
}

/** As the server orders them. */
function byName(a: Group, b: Group): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : a.id < b.id ? -1 : 1;
}
