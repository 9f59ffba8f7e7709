import assert from 'node:assert/strict';
import { Random } from '../core/random.ts';
import { decideBootstrap, founderSeen, type SeenNode } from './bootstrap.ts';

/** Blank ones expect three and see "a" as the founder. */
function seen(...nodes: (string | [nodeId: string, clusterId: string] | Partial<SeenNode>)[]): SeenNode[] {
  return nodes.map((node) => {
    const changes =
      typeof node === 'string'
        ? { nodeId: node }
        : Array.isArray(node)
          ? { nodeId: node[0], clusterId: node[1] }
          : node;
    const defaults = { nodeId: '', clusterId: '', expectedVoters: 3, formed: false, founder: 'a' };
    return { memberId: `${changes.nodeId}#other`, ...defaults, ...changes };
  });
}

describe('the bootstrap decision', () => {
  const table: [
    title: string,
    nodeId: string,
    expected: number,
    nodes: SeenNode[],
    outcome: string | RegExp,
  ][] = [
    ['a node that expects nobody else starts at once', 'a', 1, [], 'start'],
    [
      'nodes that expect different numbers are named',
      'a',
      3,
      seen('b', { nodeId: 'c', expectedVoters: 5 }),
      /^one BOOTSTRAP_EXPECT on all nodes: it is 3 here, 5 on c$/,
    ],
    [
      'the lowest name waits for one that does not hear it',
      'a',
      3,
      seen('b', { nodeId: 'c', founder: 'b' }),
      /^c to hear a$/,
    ],
    [
      'a cluster that formed comes before one that did not',
      'a',
      3,
      seen(['b', 'x'], { nodeId: 'c', clusterId: 'y', formed: true }),
      /^the leader of cluster y /,
    ],
    ['the lowest name starts once all are there', 'a', 3, seen('b', 'c'), 'start'],
    ['the lowest name starts with more nodes than expected', 'a', 3, seen('b', 'c', 'd'), 'start'],
    [
      'the lowest name waits while one is missing',
      'a',
      3,
      seen('b'),
      /^1 more of 3 nodes .* here so far: a, b$/,
    ],
    ['two instances of one name count once', 'a', 3, [...seen('b'), ...seen('b')], /^1 more of 3/],
    ['another name waits for the lowest', 'b', 3, seen('a', 'c'), /^a to start the cluster$/],
    ['another name waits even if it sees fewer', 'b', 3, seen('a'), /^1 more of 3/],
    [
      'a blank node joins a cluster that a peer belongs to',
      'a',
      3,
      seen(['b', 'x'], 'c'),
      /^the leader of cluster x /,
    ],
    ['a blank node that expects nobody joins as well', 'a', 1, seen(['b', 'x']), /^the leader of cluster x /],
    [
      'two clusters are a matter for an operator',
      'a',
      3,
      seen(['b', 'x'], ['c', 'y']),
      /^an operator: .* x and y$/,
    ],
    [
      'a living twin of the own name is waited out',
      'a',
      3,
      seen('a', 'b', 'c'),
      /^the other instance of a, a#other,/,
    ],
  ];
  for (const [title, nodeId, expected, nodes, outcome] of table)
    it(title, () => {
      const decision = decideBootstrap({ nodeId, expected, seen: nodes, heardOf: [] });
      if (outcome === 'start') assert.deepEqual(decision, { kind: 'start' });
      else assert.match(decision.kind === 'wait' ? decision.waitingFor : decision.kind, outcome as RegExp);
    });

  it('leaves it to a lower name that only others hear', () => {
    const nodes = seen({ nodeId: 'c', founder: 'b' }, { nodeId: 'd', founder: 'b' });
    const decision = decideBootstrap({ nodeId: 'b', expected: 3, seen: nodes, heardOf: ['a'] });
    assert.deepEqual(decision, { kind: 'wait', waitingFor: 'a, which others hear, to start the cluster' });
  });
});

/** Nodes that meet at random over a network that loses answers and parts, until they are left alone. */
class FirstStart {
  readonly expected: number;
  readonly founded: string[] = [];
  readonly #names: readonly string[];
  readonly #random: Random;
  readonly #clusters = new Map<string, string>();
  readonly #met = new Map<string, Map<string, { atStep: number; node: SeenNode }>>();
  #step = 0;
  #island: ReadonlySet<string> = new Set();

  constructor(nodes: number, expected: number, random: Random) {
    this.#names = Array.from({ length: nodes }, (_, at) => String.fromCharCode(97 + at));
    this.expected = expected;
    this.#random = random;
    for (const name of this.#names) this.#met.set(name, new Map());
  }

  get formed(): string[] {
    return this.founded.filter((cluster) => this.#membersOf(cluster) >= this.expected);
  }

  get outside(): string[] {
    return this.#names.filter((name) => !this.formed.includes(this.#clusters.get(name) ?? ''));
  }

  run(steps: number, calm: boolean): void {
    for (let at = 0; at < steps; at++) {
      this.#step += 1;
      if (calm) this.#island = new Set();
      else if (this.#random.below(20) === 0)
        this.#island = new Set(this.#names.filter(() => this.#random.below(2) === 0));
      this.#call(this.#pick(), this.#pick(), !calm && this.#random.below(3) === 0);
      this.#consider(this.#pick());
    }
  }

  /** The disk of a founder is lost right after it founded, before anybody heard of it. */
  wipe(name: string): void {
    this.#clusters.delete(name);
    this.#met.set(name, new Map());
  }

  #pick(): string {
    return this.#names[this.#random.below(this.#names.length)] as string;
  }

  #membersOf(cluster: string): number {
    return [...this.#clusters.values()].filter((other) => other === cluster).length;
  }

  #call(from: string, to: string, answerLost: boolean): void {
    if (from === to || this.#island.has(from) !== this.#island.has(to)) return;
    this.#meets(to, from);
    if (!answerLost) this.#meets(from, to);
    // A leader takes in whom it speaks with; the founder's node stands for its cluster here.
    const [mine, theirs] = [this.#clusters.get(from), this.#clusters.get(to)];
    if (mine === undefined && theirs !== undefined) this.#clusters.set(from, theirs);
    else if (theirs === undefined && mine !== undefined) this.#clusters.set(to, mine);
  }

  #meets(name: string, other: string): void {
    const clusterId = this.#clusters.get(other) ?? '';
    const node = {
      nodeId: other,
      memberId: `${other}#1`,
      clusterId,
      expectedVoters: this.expected,
      formed: this.formed.includes(clusterId),
      founder: founderSeen(other, this.#seen(other)),
    };
    this.#met.get(name)?.set(other, { atStep: this.#step, node });
  }

  #seen(name: string): SeenNode[] {
    const met = [...(this.#met.get(name)?.values() ?? [])];
    return met.filter(({ atStep }) => this.#step - atStep < 30).map(({ node }) => node);
  }

  #consider(name: string): void {
    const cluster = this.#clusters.get(name);
    const nodes = this.#seen(name);
    if (cluster !== undefined) {
      const better = nodes.find((node) => node.formed && node.clusterId !== cluster);
      if (better && !this.formed.includes(cluster)) this.#clusters.set(name, better.clusterId);
      return;
    }
    const heardOf = nodes.flatMap((node) =>
      this.#seen(node.nodeId).flatMap((far) => far.clusterId || far.nodeId),
    );
    const { expected } = this;
    if (decideBootstrap({ nodeId: name, expected, seen: nodes, heardOf }).kind !== 'start') return;
    const founded = `cluster ${this.founded.length + 1}`;
    this.founded.push(founded);
    this.#clusters.set(name, founded);
  }
}

describe('the first start of a cluster', () => {
  const RUNS = 300;
  const firstSeed = Math.floor(Math.random() * 2 ** 30);

  function eachRun(check: (random: Random, seed: number) => void): void {
    for (let run = 0; run < RUNS; run++) check(new Random(firstSeed + run), firstSeed + run);
  }

  it('has one founder, whatever the order, delay and partition, and ends with all nodes in its cluster', () => {
    eachRun((random, seed) => {
      const size = 2 + random.below(4);
      const start = new FirstStart(size, size, random);
      start.run(400, false);
      assert.ok(start.founded.length <= 1, `seed ${seed}: ${start.founded}`);
      start.run(1_500, true);
      assert.deepEqual([start.formed.length, start.outside], [1, []], `seed ${seed}`);
    });
  });

  it('never forms two clusters, though there be more nodes than expected', () => {
    eachRun((random, seed) => {
      const expected = 3 + random.below(3);
      const start = new FirstStart(expected + 1 + random.below(expected - 1), expected, random);
      start.run(600, false);
      assert.ok(start.formed.length <= 1, `seed ${seed}: ${start.formed}`);
      start.run(1_500, true);
      assert.ok(start.formed.length <= 1, `seed ${seed}: ${start.formed}`);
    });
  });

  it('goes on when the founder loses its disk before anybody heard of its cluster', () => {
    const random = new Random(firstSeed);
    const start = new FirstStart(3, 3, random);
    while (start.founded.length === 0) start.run(1, true);
    start.wipe('a');
    start.run(1_500, true);
    assert.deepEqual(start.formed, ['cluster 2']);
  });
});
