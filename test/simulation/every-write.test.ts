import assert from 'node:assert/strict';
import { CRASHES } from './cluster/nemesis.ts';
import { type Setup, setupOf } from './cluster/setup.ts';
import { simulate } from './simulation.ts';
import { FAIR_WEATHER } from './world/network.ts';

const WRITES_MAX = 40;
const SEED = 1;

/** Three nodes that find together, a log that is cut often, and nothing that goes wrong by itself. */
const QUIET: Setup = {
  ...setupOf(SEED),
  nodes: 3,
  voters: 3,
  forming: true,
  keeper: true,
  wire: false,
  clients: 2,
  keys: 1,
  thinkMsMax: 30,
  safetyMs: 3_000,
  weather: FAIR_WEATHER,
  snapshots: { logEntriesMax: 10, logBytesMax: 1_000_000, tailEntries: 2 },
  fileUsMax: 5_000,
};

/** @returns whether it came to the crash. */
async function crash(node: number, kind: number, writes: number): Promise<boolean> {
  const fault = { atMs: 0, kind: 'crashAtWrite', node, other: 0, forMs: 50, draw: kind, writes } as const;
  const result = await simulate({ seed: SEED, setup: QUIET, faults: [fault], traceKept: 1_000_000 });
  const { violation } = result;
  assert.equal(
    violation,
    undefined,
    `${CRASHES[kind]} after ${writes}: ${violation?.property}: ${violation?.text}`,
  );
  return result.lines.some((line) => / (loses power|is killed)$/.test(line));
}

describe('a node that crashes at any of its first writes, from the founding of the cluster on', () => {
  for (const [node, name] of ['the founder', 'one that joins'].entries())
    for (const [kind, moment] of CRASHES.entries())
      it(`comes back without a trace: ${name}, ${moment}`, async () => {
        let crashes = 0;
        for (let writes = 0; writes < WRITES_MAX; writes++) if (await crash(node, kind, writes)) crashes += 1;
        assert.equal(crashes, WRITES_MAX);
      });
});
