/** What a person is shown of a failing run. */
import type { Fault } from '../cluster/faults.ts';
import type { Setup } from '../cluster/setup.ts';
import type { Totals } from './runner.ts';

/** So many lines are shown whole before the end; of those before them only what a run's course depends on. */
const WHOLE_LINES = 40;
const STORY_LINES_MAX = 60;
const MESSAGE = / ← |^\S+ c\d+ (asks|hears) /;

/** The last lines, and before them faults, elections, crashes and starts. */
export function shortened(lines: readonly string[]): string[] {
  const cut = Math.max(0, lines.length - WHOLE_LINES);
  const story = lines.slice(0, cut).filter((line) => !MESSAGE.test(line));
  const shown = story.slice(-STORY_LINES_MAX);
  const hidden = cut - shown.length;
  return [
    ...(hidden > 0 ? [`(${hidden} lines are left out: messages, clients, the beginning)`] : []),
    ...shown,
    ...lines.slice(cut),
  ];
}

export function describeFault({ atMs, kind, node, other, forMs }: Fault): string {
  const who = node < 0 ? 'the leader' : `n${node + 1}`;
  return `at ${atMs} ms ${kind} ${who}, n${other + 1}, for ${forMs} ms`;
}

export function describeSetup(setup: Setup): string {
  const { theme, nodes, voters, forming, keeper, clients, keys, weather } = setup;
  const parts = [
    `theme ${theme}`,
    `${nodes} nodes, ${forming ? 'formed one by one' : `${voters} of them voters`}`,
    keeper ? 'the keeper looks after the membership' : '',
    `${clients} clients on ${keys} keys`,
    `loss ${weather.loss}, duplication ${weather.duplication}, delay up to ${weather.delayUsMax / 1_000} ms`,
  ];
  return parts.filter((part) => part !== '').join('; ');
}

export function describeTotals({
  seeds,
  simulatedMs,
  realMs,
  committed,
  operations,
  undecided,
}: Totals): string {
  const hours = simulatedMs / 3_600_000;
  const minutes = realMs / 60_000;
  const unclear = undecided > 0 ? `, ${undecided} histories too hard to decide` : '';
  return [
    `${seeds} seeds, ${hours.toFixed(2)} simulated hours in ${(realMs / 1_000).toFixed(0)} s:`,
    `${(hours / minutes).toFixed(2)} simulated hours per real minute;`,
    `${committed} entries committed, ${operations} operations of clients${unclear}`,
  ].join(' ');
}
