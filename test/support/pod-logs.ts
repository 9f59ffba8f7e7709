/** With a test that failed comes what its pods complained of: where tests run in passing, nothing else is left to tell. */
import { existsSync, readFileSync } from 'node:fs';
import type { LocalCluster } from '@agenda/pod/local-cluster';

const LINES_PER_POD_MAX = 25;
/** pino's number for "warn". */
const WARN = 40;

const clusters = new Set<LocalCluster>();

/** Until `forgetLogs`. */
export function showLogsOf(cluster: LocalCluster): void {
  clusters.add(cluster);
}

export function forgetLogs(cluster: LocalCluster): void {
  clusters.delete(cluster);
}

/** Loaded by mocha's --require. */
export const mochaHooks = {
  afterEach(this: Mocha.Context): void {
    if (this.currentTest?.state !== 'failed') return;
    for (const pod of [...clusters].flatMap(({ pods }) => pods)) {
      const lines = complaints(pod.logFile);
      process.stdout.write(`\n      ${pod.nodeId}, its last complaints:\n${lines.join('\n')}\n`);
    }
  },
};

function complaints(logFile: string): string[] {
  // It was never started.
  if (!existsSync(logFile)) return [];
  const lines = readFileSync(logFile, 'utf8').trimEnd().split('\n');
  return lines.filter(isComplaint).slice(-LINES_PER_POD_MAX);
}

/** What is no JSON was written by a process in despair; that a pod is not ready yet says every start. */
function isComplaint(line: string): boolean {
  try {
    const { level, route } = JSON.parse(line) as { level: number; route?: string };
    return level >= WARN && route !== '/readyz';
  } catch {
    return true;
  }
}
