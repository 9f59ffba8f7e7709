import assert from 'node:assert/strict';
import { type Fault, faultsOf } from '../cluster/faults.ts';
import { setupOf } from '../cluster/setup.ts';
import { FAIR_WEATHER } from '../world/network.ts';
import { shortened } from './report.ts';
import { type Case, shrink } from './shrink.ts';

const setup = setupOf(1);
const [some] = faultsOf(setup) as [Fault, ...Fault[]];
const faults = Array.from({ length: 40 }, (_, atMs) => ({ ...some, atMs }));
const whole: Case = { setup, faults };
const needs = (...moments: number[]) => {
  let runs = 0;
  return {
    trial: async ({ faults: left }: Case) => {
      runs += 1;
      const all = moments.every((moment) => left.some(({ atMs }) => atMs === moment));
      return all ? ('liveness' as const) : undefined;
    },
    runs: () => runs,
  };
};

describe('a failing run is shortened', () => {
  it('to the faults that it takes, and the simplest surroundings', async () => {
    const { trial } = needs(7, 31);
    const shrunk = await shrink(whole, 'liveness', trial, 1_000);
    assert.deepEqual(
      shrunk.faults.map(({ atMs }) => atMs),
      [7, 31],
    );
    assert.deepEqual(shrunk.setup.weather, FAIR_WEATHER);
    assert.equal(shrunk.setup.clients, 1);
  });

  it('to no faults where it fails without any', async () => {
    const { trial } = needs();
    assert.deepEqual((await shrink(whole, 'liveness', trial, 1_000)).faults, []);
  });

  it('only as long as the same property breaks', async () => {
    const trial = async ({ faults: left }: Case) =>
      left.length === faults.length ? ('liveness' as const) : ('log matching' as const);
    const shrunk = await shrink({ ...whole, setup: { ...setup, clients: 8 } }, 'liveness', trial, 1_000);
    assert.equal(shrunk.faults.length, faults.length);
  });

  it('within a bounded number of runs', async () => {
    const { trial, runs } = needs(7, 31);
    const shrunk = await shrink(whole, 'liveness', trial, 5);
    assert.equal(shrunk.runs, 5);
    assert.equal(runs(), 5);
  });
});

describe('a trace is shortened', () => {
  it('to its end, and before that to faults, elections and crashes', () => {
    const chatter = Array.from({ length: 500 }, (_, at) => `0.${at} n1 ← n2#1 heartbeatRequest t1`);
    const lines = ['0.1 n1 starts as n1#1', ...chatter, '1.0 c1 asks {}', '1.1 fault: crash n1', ...chatter];
    const shown = shortened(lines);
    assert.match(shown[0] ?? '', /^\(\d+ lines are left out/);
    assert.ok(shown.includes('0.1 n1 starts as n1#1') && shown.includes('1.1 fault: crash n1'));
    assert.ok(!shown.includes('1.0 c1 asks {}'));
    assert.deepEqual(shown.slice(-40), lines.slice(-40));
  });

  it('not at all where it is short', () => {
    assert.deepEqual(shortened(['0.1 n1 starts as n1#1']), ['0.1 n1 starts as n1#1']);
  });
});
