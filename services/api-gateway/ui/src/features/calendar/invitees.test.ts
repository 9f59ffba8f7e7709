import assert from 'node:assert/strict';
import type { Group } from '../../api/groups-api.ts';
import type { Person } from '../../api/people-api.ts';
import type { Participant } from '../../api/types.ts';
import { type DraftInvitee, newDraft } from './draft.ts';
import { INVITEES_MAX, invitedWords, inviteeRows, whyNotInvited, withInvitee } from './invitees.ts';

const RUI: DraftInvitee = { userId: 'rui', optional: false, name: 'Rui' };
const ANA: DraftInvitee = { userId: 'ana', optional: true, name: 'Ana' };
const KITCHEN = { id: 'kitchen', name: 'Kitchen' } as Group;

function person(id: string): Person {
  return { id, username: id, displayName: '', timeZone: 'UTC' };
}

function asked(userId: string): Participant {
  const said = { status: 'accepted', optional: false, conflict: false } as const;
  return { userId, username: userId, displayName: '', ...said };
}

describe('the people in the appointment form', () => {
  it('cannot be chosen twice, nor the owner, nor more than the server takes', () => {
    assert.equal(whyNotInvited(person('me'), [], 'me'), 'you');
    assert.equal(whyNotInvited(person('rui'), [RUI], 'me'), 'invited');
    assert.equal(whyNotInvited(person('ana'), [RUI], 'me'), undefined);
    const full = Array.from({ length: INVITEES_MAX }, (_, at) => ({ ...RUI, userId: `u${at}` }));
    assert.equal(whyNotInvited(person('ana'), full, 'me'), 'no more than 200');
  });

  it('come when they are chosen', () => {
    assert.deepEqual(withInvitee([ANA], person('rui')).at(-1), {
      userId: 'rui',
      optional: false,
      name: 'rui',
    });
  });

  it('can be taken out unless they take part as members of the group', () => {
    const context = { participants: [asked('rui'), asked('ana')], viewerId: 'me' };
    const removable = (groupMembers: ReadonlySet<string> | null) =>
      inviteeRows([RUI, ANA, { ...RUI, userId: 'new' }], { ...context, groupMembers }).map(
        ({ mayRemove }) => mayRemove,
      );
    assert.deepEqual(removable(new Set()), [true, true, true]);
    assert.deepEqual(removable(new Set(['rui'])), [false, true, true]);
    assert.deepEqual(removable(null), [false, false, true], 'not known yet who is a member');
  });

  it('are told in few words', () => {
    const draft = newDraft('2026-11-24T09:00:00.000Z', null, 'UTC');
    const words = (invitees: readonly DraftInvitee[], groupId: string | null) =>
      invitedWords({ ...draft, invitees, groupId }, [KITCHEN]);
    assert.equal(words([], null), 'Nobody else');
    assert.equal(words([RUI], null), 'Rui');
    assert.equal(words([RUI, ANA], null), 'Rui and Ana');
    assert.equal(words([RUI, ANA], 'kitchen'), 'Kitchen and 2 more');
    assert.equal(words([], 'unknown'), 'A group');
  });
});
