/** What a script can ask for (README.md): one function for each word. */
import assert from 'node:assert/strict';
import { bytes } from '../../services/raft-sidecar/src/core/testing/member.ts';
import { TEST_OPTIONS } from '../../services/raft-sidecar/src/core/testing/memory-log.ts';
import type {
  CoreOptions,
  MemberId,
  MembershipChange,
  Message,
} from '../../services/raft-sidecar/src/core/types.ts';
import { describeConfiguration, describeMessage } from './trace.ts';
import type { World } from './world.ts';

/** Positional words, and `key=value` or `key=(a b)`. */
export interface Arguments {
  readonly words: readonly string[];
  readonly named: ReadonlyMap<string, readonly string[]>;
}

type Directive = (world: World, args: Arguments) => void;

const TIMEOUT_TICKS_MAX = 2 * TEST_OPTIONS.electionTicks;
const LINK = /^(\w+|\*)->(\w+|\*)$/;

export const DIRECTIVES: Readonly<Record<string, Directive>> = {
  members(world, { words, named }) {
    const voters = named.get('voters') ?? words;
    for (const id of words) world.add({ id, voters, options: optionsOf(named) });
  },
  blank(world, { words, named }) {
    for (const id of words) world.add({ id, voters: [], options: optionsOf(named) });
  },
  member(world, { words: [id], named }) {
    assert.ok(id, 'member ID');
    const number = (key: string): number | undefined => {
      const [text] = named.get(key) ?? [];
      return text === undefined ? undefined : Number(text);
    };
    const term = number('term');
    const commitIndex = number('commit');
    const [votedFor] = named.get('voted') ?? [];
    world.add({
      id,
      voters: named.get('voters') ?? [],
      terms: (named.get('terms') ?? []).map(Number),
      options: optionsOf(named),
      ...(term === undefined ? {} : { term }),
      ...(commitIndex === undefined ? {} : { commitIndex }),
      ...(votedFor === undefined ? {} : { votedFor }),
    });
  },

  campaign: (world, { words }) => each(words, (id) => world.act(id, ({ core }) => core.campaign())),
  elect(world, { words: [id] }) {
    assert.ok(id, 'elect ID');
    world.act(id, ({ core }) => core.campaign());
    world.settle();
    world.takeTrace();
    const { role, term, lastIndex, commitIndex } = world.member(id).status;
    assert.equal(role, 'leader');
    world.tell(`${id} leads term ${term}, log up to ${lastIndex}, commit ${commitIndex}`);
  },
  timeout: (world, { words }) => each(words, (id) => timeOut(world, id)),
  tick(world, { words: [who, text] }) {
    const count = Number(text);
    assert.ok(who && count > 0, 'tick ID|all COUNT');
    for (let turn = 0; turn < count; turn++)
      if (who !== 'all') world.act(who, ({ core }) => core.tick());
      else {
        for (const id of world.ids) if (world.isRunning(id)) world.act(id, ({ core }) => core.tick());
        world.settle();
      }
  },
  resign: (world, { words }) => each(words, (id) => world.act(id, ({ core }) => core.resign())),

  propose(world, { words: [id, ...texts] }) {
    assert.ok(id && texts.length > 0, 'propose ID TEXT...');
    const payloads = texts.map((text) => ({ kind: 'command', data: bytes(text) }) as const);
    world.act(id, ({ core }) =>
      core.propose(payloads, 0).forEach((result, at) => {
        if (!result.ok) world.tell(`${id} refuses ${texts[at]}: ${result.refusal}`);
      }),
    );
  },
  change(world, { words: [id, ...texts] }) {
    assert.ok(id && texts.length > 0, 'change ID +VOTER|~LEARNER|-MEMBER...');
    const result = world.act(id, ({ core }) => core.proposeMembership(texts.map(changeOf), 0));
    if (!result.ok) world.tell(`${id} refuses ${texts.join(' ')}: ${result.refusal}`);
  },
  read(world, { words: [id, ...numbers] }) {
    assert.ok(id && numbers.length > 0, 'read ID NUMBER...');
    world.act(id, ({ core }) =>
      each(numbers, (number) => {
        const result = core.readIndex(Number(number));
        if (!result.ok) world.tell(`${id} refuses read ${number}: ${result.refusal}`);
      }),
    );
  },
  transfer(world, { words: [id, target] }) {
    assert.ok(id && target, 'transfer ID TARGET');
    if (!world.act(id, ({ core }) => core.transferLeadership(target))) world.tell(`${id} refuses`);
  },

  settle: (world) => world.settle(),
  deliver: (world, args) => each(selected(world, args), (message) => world.deliver(message)),
  duplicate: (world, args) => each(selected(world, args), (message) => world.deliver(message, true)),
  reverse: (world, args) => each(selected(world, args).toReversed(), (message) => world.deliver(message)),
  drop: (world, args) => each(selected(world, args), (message) => world.drop(message)),
  cut: (world, { words }) =>
    each(words, (link) => {
      const [, from, to] = LINK.exec(link) ?? [];
      assert.ok(from && to, 'cut FROM->TO...');
      for (const [left, right] of pairs(world.ids, from, to)) world.cut(left, right);
    }),
  partition: (world, { words, named }) => {
    assert.equal(named.size, 0);
    const sides = words.map((word) => word.split('+'));
    for (const from of sides)
      for (const to of sides)
        if (from !== to) for (const left of from) for (const right of to) world.cut(left, right);
  },
  heal: (world) => world.heal(),
  unreachable(world, { words: [id, other] }) {
    assert.ok(id && other, 'unreachable ID OTHER');
    world.act(id, ({ core }) => core.reportUnreachable(other));
  },

  crash: (world, { words }) => each(words, (id) => world.crash(id)),
  restart: (world, { words }) => each(words, (id) => world.restart(id)),
  stall: (world, { words }) => each(words, (id) => world.stall(id)),
  unstall: (world, { words }) => each(words, (id) => world.unstall(id)),

  compact(world, { words: [id, index] }) {
    assert.ok(id && index, 'compact ID INDEX');
    world.compact(id, Number(index));
  },
  install: (world, { words }) => each(words, (id) => world.install(id, true)),
  fail: (world, { words }) => each(words, (id) => world.install(id, false)),

  messages: (world) => each(world.underWay, (message) => world.tell(describeMessage(message))),
  logs: (world, { words }) => each(words.length > 0 ? words : world.ids, (id) => tellLog(world, id)),
  progress: (world, { words: [id] }) => tellProgress(world, id as MemberId),
};

/** Runs one line. @throws Error for a word that does not exist. */
export function runDirective(world: World, line: string): void {
  const [name, ...rest] = line.split(' ');
  const directive = DIRECTIVES[name as string];
  assert.ok(directive, `no directive ${name}`);
  const words = rest.filter((word) => word !== 'quietly');
  world.quiet = words.length < rest.length;
  directive(world, argumentsOf(words.join(' ')));
}

function argumentsOf(text: string): Arguments {
  const named = new Map<string, readonly string[]>();
  const words = text.replace(/(\w+)=(?:\(([^)]*)\)|(\S+))/g, (_, key, list, single) => {
    named.set(key, list === undefined ? [single] : list.split(' ').filter((item: string) => item !== ''));
    return '';
  });
  return { words: words.split(' ').filter((word) => word !== ''), named };
}

function optionsOf(named: Arguments['named']): Partial<CoreOptions> {
  const names = [
    'electionTicks',
    'heartbeatTicks',
    'appendBytesMax',
    'inflightMessagesMax',
    'uncommittedBytesMax',
    'pendingReadsMax',
  ] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const [text] = named.get(name) ?? [];
      return text === undefined ? [] : [[name, Number(text)]];
    }),
  );
}

/** `FROM->TO [KIND] [COUNT]`, of what is under way, oldest first. */
function selected(world: World, { words: [link = '*->*', ...filters] }: Arguments): Message[] {
  const [, from, to] = LINK.exec(link) ?? [];
  assert.ok(from && to, `no link ${link}`);
  const count = Number(filters.find((word) => /^\d+$/.test(word)) ?? Infinity);
  const kind = filters.find((word) => !/^\d+$/.test(word)) ?? '';
  const found = world.underWay.filter(
    (message) =>
      (from === '*' || from === message.from) &&
      (to === '*' || to === message.to) &&
      message.kind.startsWith(kind),
  );
  assert.ok(found.length > 0, `nothing under way for ${link} ${kind}`);
  return found.slice(0, count);
}

function pairs(ids: readonly MemberId[], from: string, to: string): [MemberId, MemberId][] {
  const left = from === '*' ? ids : [from];
  const right = to === '*' ? ids : [to];
  return left.flatMap((one) =>
    right.filter((other) => other !== one).map((other) => [one, other] as [MemberId, MemberId]),
  );
}

/** Its own clock alone goes on until it campaigns. */
function timeOut(world: World, id: MemberId): void {
  for (let tick = 0; tick < TIMEOUT_TICKS_MAX; tick++) {
    const { role, term } = world.member(id).status;
    world.act(id, ({ core }) => core.tick());
    const now = world.member(id).status;
    if (now.role !== role || now.term !== term) return;
  }
}

function changeOf(text: string): MembershipChange {
  const id = text.slice(1);
  if (text.startsWith('+')) return { kind: 'addVoter', id };
  if (text.startsWith('~')) return { kind: 'addLearner', id };
  assert.ok(text.startsWith('-'), `no change ${text}`);
  return { kind: 'remove', id };
}

function tellLog(world: World, id: MemberId): void {
  const { status, log } = world.member(id);
  const indexes = Array.from(
    { length: status.lastIndex - status.firstIndex + 1 },
    (_, at) => status.firstIndex + at,
  );
  const terms = indexes.map((index) => log.term(index) ?? '?').join(' ');
  const start = status.firstIndex > 1 ? `[..${status.firstIndex - 1}] ` : '';
  const up = world.isRunning(id) ? '' : ' (down)';
  world.tell(
    `${id} ${status.role} term ${status.term}, commit ${status.commitIndex}, ${describeConfiguration(status.configuration)}, log ${start}${terms}`.trimEnd() +
      up,
  );
}

function tellProgress(world: World, id: MemberId): void {
  for (const { id: other, state, matchIndex, nextIndex } of world.member(id).status.members)
    world.tell(`${id} sees ${other}: ${state}, match ${matchIndex}, next ${nextIndex}`);
}

function each<T>(items: readonly T[], action: (item: T) => void): void {
  for (const item of items) action(item);
}
