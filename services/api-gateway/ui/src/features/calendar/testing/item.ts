import type { AgendaItem } from '../../../api/types.ts';

/** One's own appointment as the server answers it, for tests: an hour of a morning, once. */
export function agendaItem(change: Partial<AgendaItem> = {}): AgendaItem {
  return {
    id: 'walk',
    ownerId: 'me',
    groupId: null,
    title: 'Walk',
    description: '',
    location: '',
    start: '2026-07-01T08:00:00.000Z',
    end: '2026-07-01T09:00:00.000Z',
    timeZone: 'UTC',
    allDay: false,
    privacy: 'full',
    reminderMinutes: [],
    status: 'accepted',
    version: 1,
    originNode: 'agenda-1',
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    deletedAt: null,
    participants: [],
    recurrence: null,
    seriesId: null,
    recurrenceStart: null,
    busyOnly: false,
    myStatus: null,
    conflict: false,
    userId: 'me',
    ...change,
  };
}
