/** The newest notifications and how many are unread, kept right by live events. */

import type { AgendaApi } from '../../api/agenda-api.ts';
import { explain } from '../../api/problem.ts';
import type { LiveItem, Notification } from '../../api/types.ts';
import { newId } from '../../ids.ts';
import { Store } from '../../store.ts';

const PAGE_ITEMS = 30;
/** Older ones are dropped from the page; they stay on the server. */
export const KEPT_MAX = 300;

export interface NotificationsState {
  readonly items: readonly Notification[];
  readonly unread: number;
  readonly nextCursor: string | null;
  readonly loading: boolean;
  readonly error: string | null;
}

const EMPTY: NotificationsState = { items: [], unread: 0, nextCursor: null, loading: false, error: null };

type Api = Pick<AgendaApi, 'notifications' | 'unread' | 'markRead' | 'markAllRead'>;

export class NotificationsStore {
  readonly state = new Store<NotificationsState>(EMPTY);
  readonly #api: Api;
  #generation = 0;

  constructor(api: Api) {
    this.#api = api;
  }

  close(): void {
    this.#generation += 1;
    this.state.set(EMPTY);
  }

  async reload(): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    this.state.update({ loading: true });
    try {
      const [page, unread] = await Promise.all([
        this.#api.notifications(null, PAGE_ITEMS),
        this.#api.unread(1),
      ]);
      if (generation !== this.#generation) return;
      this.state.set({
        items: page.items,
        unread: unread.count,
        nextCursor: page.nextCursor,
        loading: false,
        error: null,
      });
    } catch (error) {
      if (generation === this.#generation) this.state.update({ loading: false, error: explain(error) });
    }
  }

  async loadMore(): Promise<void> {
    const { nextCursor, items, loading } = this.state.get();
    if (nextCursor === null || loading || items.length >= KEPT_MAX) return;
    const generation = this.#generation;
    this.state.update({ loading: true });
    try {
      const page = await this.#api.notifications(nextCursor, PAGE_ITEMS);
      if (generation !== this.#generation) return;
      const known = new Set(this.state.get().items.map(({ id }) => id));
      const fresh = page.items.filter(({ id }) => !known.has(id));
      this.state.update({
        items: [...this.state.get().items, ...fresh],
        nextCursor: page.nextCursor,
        loading: false,
        error: null,
      });
    } catch (error) {
      if (generation === this.#generation) this.state.update({ loading: false, error: explain(error) });
    }
  }

  applyLive(item: LiveItem): void {
    if (item.kind === 'notification_added') this.state.set(withAdded(this.state.get(), item.notification));
    if (item.kind === 'notifications_read') {
      this.state.set(withRead(this.state.get(), item.notificationId, item.at));
    }
  }

  /** Shown as read at once; a failure brings the server's truth back. */
  async markRead(notificationId: string | null): Promise<void> {
    this.state.set(withRead(this.state.get(), notificationId, new Date().toISOString()));
    try {
      if (notificationId === null) await this.#api.markAllRead(newId());
      else await this.#api.markRead(notificationId, newId());
    } catch (error) {
      await this.reload();
      throw error;
    }
  }
}

export function withAdded(state: NotificationsState, added: Notification): NotificationsState {
  if (state.items.some(({ id }) => id === added.id)) return state;
  return {
    ...state,
    items: [added, ...state.items].slice(0, KEPT_MAX),
    unread: state.unread + (added.readAt === null ? 1 : 0),
  };
}

/** @param notificationId Null: all. */
export function withRead(
  state: NotificationsState,
  notificationId: string | null,
  at: string,
): NotificationsState {
  const read = (item: Notification) =>
    (notificationId === null || item.id === notificationId) && item.readAt === null;
  const count = state.items.filter(read).length;
  return {
    ...state,
    items: state.items.map((item) => (read(item) ? { ...item, readAt: at } : item)),
    unread: notificationId === null ? 0 : Math.max(0, state.unread - count),
  };
}
