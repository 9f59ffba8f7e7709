import assert from 'node:assert/strict';
import { decideBootstrap, type SeenNode } from './bootstrap.ts';

function seen(...nodes: (string | [nodeId: string, clusterId: string])[]): SeenNode[] {
  return nodes.map((node) => {
    const [nodeId, clusterId] = typeof node === 'string' ? [node, ''] : node;
    return { nodeId, memberId: `${nodeId}#other`, clusterId };
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
      const decision = decideBootstrap({ nodeId, expected, seen: nodes });
      if (outcome === 'start') assert.deepEqual(decision, { kind: 'start' });
      else assert.match(decision.kind === 'wait' ? decision.waitingFor : decision.kind, outcome as RegExp);
    });

  it('never lets two nodes of one set start, whatever each of them sees', () => {
    const names = ['a', 'b', 'c', 'd'];
    for (let expected = 2; expected <= 4; expected++) {
      const full = names.slice(0, expected);
      const starters = full.filter(
        (nodeId) =>
          decideBootstrap({ nodeId, expected, seen: seen(...full.filter((name) => name !== nodeId)) })
            .kind === 'start',
      );
      assert.deepEqual(starters, ['a']);
    }
  });
});
