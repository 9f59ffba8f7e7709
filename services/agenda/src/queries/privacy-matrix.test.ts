/** Every viewer × every kind of appointment × privacy × path, against a table written from the rules (design §5). */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppointmentField, type OccurrenceScope } from '@agenda/proto/agenda/v1/command';
import { GroupKind, type Occurrence, ParticipantStatus, Privacy } from '@agenda/proto/agenda/v1/model';
import { SearchIndex } from '../search/search-index.ts';
import type { AppliedEntry } from '../state-machine/machine.ts';
import {
  asked,
  type Body,
  bookWith,
  createGroup,
  DAY_MS,
  deleteAppointment,
  fieldsOf,
  HOUR_MS,
  outcomeOf,
  putMember,
  removeMember,
  respond,
  restoreAppointment,
  TestLog,
  updateAppointment,
} from '../state-machine/testing.ts';
import { Queries } from './queries.ts';

const OWNER = 'u-owner';
const APPOINTMENTS = [
  'personal',
  'personal-hidden',
  'flat',
  'flat-hidden',
  'ranked',
  'ranked-hidden',
] as const;
type Name = (typeof APPOINTMENTS)[number];
type Seen = 'all' | 'busy' | '-';

/**
 * What each viewer sees when asking for an appointment by its id; in the owner's agenda, a `-` of someone who may look at
 * that agenda becomes `busy`. `hidden` appointments are freebusy.
 */
const TABLE: Readonly<Record<string, { readonly mayLook: boolean; readonly sees: readonly Seen[] }>> = {
  //                                   personal: full    hidden  flat: full  hidden  ranked: full  hidden
  owner: { mayLook: true, sees: ['all', 'all', 'all', 'all', 'all', 'all'] },
  // Asked to each appointment, in none of the groups.
  accepted: { mayLook: false, sees: ['all', 'all', 'all', 'all', 'all', 'all'] },
  declined: { mayLook: false, sees: ['all', 'all', 'all', 'all', 'all', 'all'] },
  // Was asked to each, and taken out again.
  uninvited: { mayLook: false, sees: ['-', '-', '-', '-', '-', '-'] },
  // In the flat group: when it was booked, or since it was over.
  member: { mayLook: true, sees: ['all', 'busy', 'all', 'all', '-', '-'] },
  newcomer: { mayLook: true, sees: ['all', 'busy', 'all', 'busy', '-', '-'] },
  // In the hierarchical group: when it was booked (so asked, or entered), or since it was over.
  superior: { mayLook: true, sees: ['all', 'all', '-', '-', 'all', 'all'] },
  equal: { mayLook: true, sees: ['all', 'busy', '-', '-', 'all', 'all'] },
  subordinate: { mayLook: true, sees: ['all', 'busy', '-', '-', 'all', 'all'] },
  newsuperior: { mayLook: true, sees: ['all', 'all', '-', '-', 'all', 'all'] },
  newequal: { mayLook: true, sees: ['all', 'busy', '-', '-', 'all', 'busy'] },
  newsubordinate: { mayLook: true, sees: ['all', 'busy', '-', '-', 'all', 'busy'] },
  // In a group with the owner that has nothing to do with any of it.
  acquaintance: { mayLook: true, sees: ['all', 'busy', '-', '-', '-', '-'] },
  stranger: { mayLook: false, sees: ['-', '-', '-', '-', '-', '-'] },
  // Left the flat group before anything was booked.
  former: { mayLook: false, sees: ['-', '-', '-', '-', '-', '-'] },
};

const TAKES_PART: Readonly<Record<Name, readonly string[]>> = {
  personal: ['owner', 'accepted', 'declined'],
  'personal-hidden': ['owner', 'accepted', 'declined'],
  flat: ['owner', 'accepted', 'declined', 'member'],
  'flat-hidden': ['owner', 'accepted', 'declined', 'member'],
  ranked: ['owner', 'accepted', 'declined', 'superior', 'equal', 'subordinate'],
  'ranked-hidden': ['owner', 'accepted', 'declined', 'superior', 'equal', 'subordinate'],
};
/** In each scope; none gets so far that there being no such occurrence would matter. */
const EDITS: readonly ((id: string) => Body)[] = [
  ...[0, 1, 2, 3].flatMap((scope) => [
    (id: string) => updateAppointment(id, { scope: scope as OccurrenceScope }),
    (id: string): Body => {
      const { value } = deleteAppointment(id) as Extract<Body, { $case: 'deleteAppointment' }>;
      return { $case: 'deleteAppointment', value: { ...value, scope: scope as OccurrenceScope } };
    },
  ]),
  (id) => restoreAppointment(id),
];
const SECRET = 'xylophone';

describe('what a viewer sees of an appointment', () => {
  let log: TestLog;
  let queries: Queries;
  let directory: string;
  let index: SearchIndex;
  const written: AppliedEntry[] = [];

  function does(body: Parameters<TestLog['apply']>[0], actor: string): void {
    const applied = log.apply(body, { actor, featureLevel: 2 });
    assert.ok(
      !['forbidden', 'conflict', 'invalid_argument', 'not_found', 'unprocessable'].includes(
        outcomeOf(applied),
      ),
      JSON.stringify(applied.result),
    );
    written.push(applied);
  }

  function book(name: Name, at: number): void {
    const startMs = 2 * DAY_MS + at * HOUR_MS;
    const groupId = name.startsWith('flat') ? 'g-flat' : name.startsWith('ranked') ? 'g-ranked' : '';
    const privacy = name.endsWith('-hidden') ? Privacy.PRIVACY_FREEBUSY : Privacy.PRIVACY_FULL;
    const fields = { ...fieldsOf(startMs, startMs + HOUR_MS, `${SECRET} ${name}`), privacy };
    const participants = asked('u-accepted', 'u-declined', 'u-uninvited');
    does(bookWith(name, OWNER, startMs, startMs + HOUR_MS, { groupId, fields, participants }), OWNER);
    does(respond(name, 'u-accepted', ParticipantStatus.PARTICIPANT_STATUS_ACCEPTED), 'u-accepted');
    does(respond(name, 'u-declined', ParticipantStatus.PARTICIPANT_STATUS_DECLINED), 'u-declined');
    const change = {
      changed: [AppointmentField.APPOINTMENT_FIELD_PARTICIPANTS],
      participants: asked('u-accepted', 'u-declined'),
    };
    does(updateAppointment(name, change), OWNER);
  }

  before(() => {
    log = new TestLog();
    queries = new Queries(log.db);
    for (const name of Object.keys(TABLE)) log.register(name);
    does(createGroup('g-flat', GroupKind.GROUP_KIND_NON_HIERARCHICAL), OWNER);
    for (const user of ['u-member', 'u-former']) does(putMember('g-flat', user), OWNER);
    does(removeMember('g-flat', 'u-former'), 'u-former');
    does(createGroup('g-other', GroupKind.GROUP_KIND_NON_HIERARCHICAL), 'u-acquaintance');
    does(putMember('g-other', OWNER), 'u-acquaintance');
    does(createGroup('g-ranked', GroupKind.GROUP_KIND_HIERARCHICAL), 'u-superior');
    for (const [user, rank] of [
      ['owner', 500],
      ['equal', 500],
      ['subordinate', 100],
    ] as const)
      does(putMember('g-ranked', `u-${user}`, rank), 'u-superior');
    for (const [at, name] of APPOINTMENTS.entries()) book(name, at);
    log.passTime(4 * DAY_MS);
    does(putMember('g-flat', 'u-newcomer'), OWNER);
    for (const [user, rank] of [
      ['superior', 900],
      ['equal', 500],
      ['subordinate', 100],
    ] as const)
      does(putMember('g-ranked', `u-new${user}`, rank), 'u-superior');
    directory = mkdtempSync(join(tmpdir(), 'agenda-search-'));
    index = new SearchIndex(directory, {
      changesOf: (user, since, limit) =>
        queries.sync.changesOf(user, since, limit, log.machine.lastApplied().index),
      appointmentOf: (user, id) => queries.appointmentFor(user, id),
    });
  });

  after(() => {
    index.close();
    rmSync(directory, { recursive: true });
  });

  const range = { fromMs: 0, toMs: 10 * DAY_MS, limit: 100, cursor: '' };

  /** In the order of the appointments, which is that of time. */
  function shown(occurrences: readonly Occurrence[], personId: string): Seen[] {
    return APPOINTMENTS.map((_, at) => {
      const startMs = 2 * DAY_MS + at * HOUR_MS;
      const found = occurrences.find((one) => one.userId === personId && one.startMs === startMs);
      if (!found?.appointment) return '-';
      if (found.appointment.busyOnly) assertBlank(found);
      return found.appointment.busyOnly ? 'busy' : 'all';
    });
  }

  function assertBlank({ appointment, startMs, endMs, recurrenceStartMs, conflict }: Occurrence): void {
    const { startMs: from, endMs: to, busyOnly, ...rest } = appointment ?? {};
    assert.deepEqual([from, to, busyOnly, recurrenceStartMs, conflict], [startMs, endMs, true, 0, false]);
    for (const [field, value] of Object.entries(rest))
      assert.ok(
        !value || (Array.isArray(value) && value.length === 0),
        `${field} says ${JSON.stringify(value)}`,
      );
  }

  for (const [name, { mayLook, sees }] of Object.entries(TABLE)) {
    const viewer = `u-${name}`;
    const inAgenda = sees.map((seen) => (seen === '-' ? 'busy' : seen));

    it(`${name}: by id`, () => {
      const got = APPOINTMENTS.map((id) => {
        const appointment = queries.appointmentFor(viewer, id);
        return !appointment ? '-' : appointment.busyOnly ? 'busy' : 'all';
      });
      assert.deepEqual(got, sees);
    });

    if (viewer !== OWNER)
      it(`${name}: is told that only the owner may change what can be seen, and that there is nothing else`, () => {
        for (const attempt of EDITS) {
          const told = APPOINTMENTS.map((id) =>
            outcomeOf(log.apply(attempt(id), { actor: viewer, featureLevel: 2 })),
          );
          assert.deepEqual(
            told,
            sees.map((seen) => (seen === '-' ? 'not_found' : 'forbidden')),
          );
        }
      });

    it(`${name}: in the owner's agenda, and whether it may be looked at`, () => {
      assert.equal(queries.agendas.visibility.of(viewer).mayLookAtAgendaOf(OWNER), mayLook);
      if (mayLook)
        assert.deepEqual(shown(queries.agendas.ofPerson(viewer, OWNER, range).items, OWNER), inAgenda);
    });

    it(`${name}: in the agendas of the groups`, () => {
      for (const group of ['g-flat', 'g-ranked', 'g-other']) {
        if (!queries.agendas.visibility.of(viewer).isMember(group)) {
          assert.equal(queries.groups.groupFor(viewer, group), undefined);
          continue;
        }
        assert.deepEqual(shown(queries.agendas.ofGroup(viewer, group, range).items, OWNER), inAgenda);
      }
    });

    it(`${name}: by search, sync and the own agenda, what the viewer takes part in only`, async () => {
      const own = APPOINTMENTS.filter((id) => TAKES_PART[id].includes(name));
      const found = await index.search(
        { userId: viewer, query: SECRET, deleted: false, limit: 50, cursor: '' },
        Number.MAX_SAFE_INTEGER,
      );
      assert.deepEqual(found.items.map(({ id }) => id).sort(), [...own].sort());
      const changes = queries.sync.changesOf(viewer, 0, 100, 0).items.filter(({ gone }) => !gone);
      assert.deepEqual(changes.map(({ appointmentId }) => appointmentId).sort(), [...own].sort());
      const listed = queries.agendas
        .ofPerson(viewer, viewer, range)
        .items.map(({ appointment }) => appointment?.id);
      assert.deepEqual(listed, name === 'declined' ? [] : own);
    });
  }

  it('events and notifications go to those who take part, and the audit trail names no title', () => {
    for (const { events, audit } of written) {
      assert.ok(!JSON.stringify(audit).includes(SECRET));
      for (const { body, userIds } of events) {
        const value = body?.value as { appointment?: { id: string }; appointmentId?: string } | undefined;
        const id = (value?.appointment?.id ?? value?.appointmentId) as Name | undefined;
        if (!id || !APPOINTMENTS.includes(id)) continue;
        const may = [...TAKES_PART[id], 'uninvited'].map((user) => `u-${user}`);
        assert.deepEqual(
          userIds.filter((user) => !may.includes(user)),
          [],
          `${body?.$case} of ${id}`,
        );
      }
    }
  });

  it('busy time is merged and says nothing else', () => {
    assert.deepEqual(queries.busyTime.of(OWNER, 0, 10 * DAY_MS), [
      { startMs: 2 * DAY_MS, endMs: 2 * DAY_MS + APPOINTMENTS.length * HOUR_MS },
    ]);
    assert.deepEqual(queries.busyTime.of('u-declined', 0, 10 * DAY_MS), []);
  });
});
