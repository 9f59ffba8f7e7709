/** The four processes of a pod. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface ChildSpec {
  readonly name: string;
  /** The file that is run. */
  readonly main: string;
  /** How long it may take to stop before it is killed. */
  readonly stopMs: number;
  readonly nodeFlags: readonly string[];
}

const SERVICES = join(dirname(fileURLToPath(import.meta.url)), '../../../services');

/**
 * Four runtimes share one pod's memory: young generations are kept small and the old ones bounded (the mark is 400 MiB
 * resident for the whole pod; `make bench` prints what it is).
 */
const NODE_FLAGS = ['--max-old-space-size=256', '--max-semi-space-size=4'];

function service(name: string, stopMs: number): ChildSpec {
  return { name, main: join(SERVICES, name, 'src/main.ts'), stopMs, nodeFlags: NODE_FLAGS };
}

/** In the order in which they stop: the gateway drains, the agenda finishes, leadership is handed over, audit flushes. */
export const POD_CHILDREN: readonly ChildSpec[] = [
  service('api-gateway', 8_000),
  service('agenda', 8_000),
  service('raft-sidecar', 8_000),
  service('audit', 5_000),
];
