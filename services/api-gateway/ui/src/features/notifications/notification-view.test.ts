import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Notification } from '../../api/types.ts';
import { destinationOf, iconOf } from './notification-view.ts';

const API = new URL('../../../../../../docs/API.md', import.meta.url);

function notification(change: Partial<Notification>): Notification {
  return {
    id: 'n',
    kind: 'changed',
    text: 'Something changed.',
    appointmentId: null,
    groupId: null,
    actorId: null,
    createdAt: '2026-07-01T08:00:00.000Z',
    readAt: null,
    ...change,
  };
}

describe('a notification', () => {
  it('has a sign of its own kind, for each kind that the interface documents', () => {
    const [, list = ''] = /`kind` is (`invited`[^.]*)\./.exec(readFileSync(API, 'utf8')) ?? [];
    const kinds = [...list.matchAll(/`(\w+)`/g)].map(([, kind]) => kind as string);
    assert.ok(kinds.length >= 12, `the kinds of docs/API.md: ${kinds}`);
    assert.deepEqual(
      kinds.filter((kind) => iconOf({ kind }) === 'info'),
      [],
    );
    assert.equal(iconOf({ kind: 'of_next_year' }), 'info');
  });

  it('leads to its appointment, or else to its group, unless one has left that', () => {
    assert.deepEqual(destinationOf(notification({ appointmentId: 'a', groupId: 'g' })), {
      kind: 'appointment',
      id: 'a',
    });
    assert.deepEqual(destinationOf(notification({ kind: 'group_joined', groupId: 'g' })), {
      kind: 'group',
      id: 'g',
    });
    assert.equal(destinationOf(notification({ kind: 'group_left', groupId: 'g' })), null);
    assert.equal(destinationOf(notification({ kind: 'password_changed' })), null);
  });
});
