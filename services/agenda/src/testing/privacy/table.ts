/**
 * What each viewer may see of each kind of appointment: written from the rules (design §5, docs/adr/0016 and 0018), not
 * from the code. Every walk compares with this table and with nothing else.
 */

export type Seen = 'all' | 'busy' | '-';

/** `gone`: a flat group's that was deleted once the appointment was over. */
export const PLACES = ['personal', 'flat', 'ranked', 'gone'] as const;
/** `changed`: one occurrence of the series, set apart. `trashed`: deleted by its owner. */
export const KINDS = ['single', 'series', 'changed', 'trashed'] as const;

type Place = (typeof PLACES)[number];
type Kind = (typeof KINDS)[number];

/** An appointment of the owner. */
export interface Subject {
  readonly id: string;
  readonly place: Place;
  /** Its privacy is freebusy. */
  readonly hidden: boolean;
  readonly kind: Kind;
  /** Of `sees` in a row of the table. */
  readonly column: number;
}

export const OWNER = 'owner';

export const SUBJECTS: readonly Subject[] = PLACES.flatMap((place, at) =>
  [false, true].flatMap((hidden) =>
    KINDS.map((kind) => {
      const id = `${place}-${hidden ? 'hidden' : 'open'}-${kind}`;
      return { id, place, hidden, kind, column: 2 * at + (hidden ? 1 : 0) };
    }),
  ),
);

interface Row {
  /**
   * By id. In an agenda that one may look at, `-` becomes `busy`: that something stands there can be seen. What is
   * deleted nobody sees but its owner, in the trash.
   */
  readonly sees: readonly Seen[];
  /** Of the occurrences that were changed singly, where that differs. */
  readonly seesChanged?: readonly Seen[];
}

const ALL: readonly Seen[] = ['all', 'all', 'all', 'all', 'all', 'all', 'all', 'all'];
const NOTHING: readonly Seen[] = ['-', '-', '-', '-', '-', '-', '-', '-'];

export const VIEWERS: Readonly<Record<string, Row>> = {
  //                                   personal: open, hidden; flat: …; ranked: …; gone: …
  [OWNER]: { sees: ALL },
  // Asked to each appointment by name, in none of the owner's groups.
  required: { sees: ALL },
  waiting: { sees: ALL },
  optional: { sees: ALL },
  tentative: { sees: ALL },
  declined: { sees: ALL },
  // Asked to the changed occurrences only.
  guest: { sees: NOTHING, seesChanged: ALL },
  // Was asked to each, and was taken out again while it got another title.
  uninvited: { sees: NOTHING },
  // In the flat groups: when it was booked, or since it was over.
  member: { sees: ['all', 'busy', 'all', 'all', '-', '-', 'all', 'all'] },
  newcomer: { sees: ['all', 'busy', 'all', 'busy', '-', '-', '-', '-'] },
  // In the hierarchical group: when it was booked (so asked, or entered), or since it was over.
  superior: { sees: ['all', 'all', '-', '-', 'all', 'all', '-', '-'] },
  equal: { sees: ['all', 'busy', '-', '-', 'all', 'all', '-', '-'] },
  subordinate: { sees: ['all', 'busy', '-', '-', 'all', 'all', '-', '-'] },
  newsuperior: { sees: ['all', 'all', '-', '-', 'all', 'all', '-', '-'] },
  newequal: { sees: ['all', 'busy', '-', '-', 'all', 'busy', '-', '-'] },
  newsubordinate: { sees: ['all', 'busy', '-', '-', 'all', 'busy', '-', '-'] },
  // In a group with the owner that has nothing to do with any of it.
  acquaintance: { sees: ['all', 'busy', '-', '-', '-', '-', '-', '-'] },
  // The superior of somebody who is asked to each appointment, in a group where the owner is not.
  boss: { sees: NOTHING },
  // Left a group: the flat one before anything was booked, while it was to come, and once it was over; the hierarchical
  // one, as a superior, while it was to come. Who took part in what is over has been there.
  former: { sees: NOTHING },
  dropout: { sees: NOTHING },
  leaver: { sees: ['-', '-', 'all', 'all', '-', '-', '-', '-'] },
  exsuperior: { sees: NOTHING },
  // No group in common; the operator's role is for the cluster, not for what people do.
  stranger: { sees: NOTHING },
  operator: { sees: NOTHING },
};

export const NAMES: readonly string[] = Object.keys(VIEWERS);

/** As the groups are now; the first one made it. The group `gone` is not there any more. */
export const MEMBERS: Readonly<Record<'flat' | 'ranked' | 'other' | 'side', readonly string[]>> = {
  flat: [OWNER, 'member', 'newcomer'],
  ranked: ['superior', OWNER, 'equal', 'subordinate', 'newsuperior', 'newequal', 'newsubordinate'],
  other: ['acquaintance', OWNER],
  side: ['boss', 'required'],
};

export function sees(viewer: string, { kind, column }: Subject): Seen {
  if (kind === 'trashed') return '-';
  const row = VIEWERS[viewer] as Row;
  return ((kind === 'changed' ? row.seesChanged : undefined) ?? row.sees)[column] as Seen;
}

export function mayLookAt(viewer: string, person: string): boolean {
  return (
    viewer === person ||
    Object.values(MEMBERS).some((names) => [viewer, person].every((name) => names.includes(name)))
  );
}

export type Answer = 'accepted' | 'pending' | 'tentative' | 'declined' | 'auto';

const BY_NAME: Readonly<Record<string, Answer>> = {
  required: 'accepted',
  optional: 'accepted',
  waiting: 'pending',
  tentative: 'tentative',
  declined: 'declined',
};
/** Who is asked as a member, and who is entered because the owner ranks above. */
const BY_GROUP: Readonly<Record<Place, Readonly<Record<string, Answer>>>> = {
  personal: {},
  flat: { member: 'pending', leaver: 'pending' },
  ranked: { superior: 'pending', equal: 'pending', subordinate: 'auto' },
  gone: { member: 'pending' },
};

/** Undefined: takes no part. The owner's own entry counts as accepted. Of what is deleted: as it was before. */
export function answerOf(name: string, { place, kind }: Subject): Answer | undefined {
  if (name === OWNER) return 'accepted';
  if (name === 'guest') return kind === 'changed' ? 'pending' : undefined;
  return BY_NAME[name] ?? BY_GROUP[place][name];
}

/** In the person's own agenda. */
export function standsWith(name: string, subject: Subject): boolean {
  const answer = answerOf(name, subject);
  return subject.kind !== 'trashed' && answer !== undefined && answer !== 'declined';
}

export function takesTimeOf(name: string, subject: Subject): boolean {
  const answer = answerOf(name, subject);
  return subject.kind !== 'trashed' && (answer === 'accepted' || answer === 'auto');
}

/** What somebody knows who cannot see it any more, because it was told when it could be seen. */
export type Told = 'everything' | 'before it was renamed' | 'nothing';

export function told(viewer: string, subject: Subject): Told {
  if (answerOf(viewer, subject)) return 'everything';
  const { place, kind } = subject;
  const wasAsked =
    viewer === 'uninvited' ||
    (viewer === 'dropout' && place === 'flat') ||
    (viewer === 'exsuperior' && place === 'ranked');
  return wasAsked && kind !== 'changed' ? 'before it was renamed' : 'nothing';
}
