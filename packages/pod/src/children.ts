/** The four processes of a pod. */
import { tmpdir } from 'node:os';
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

/** With its types stripped and compiled once, a process starts in half the time and with a third less memory. */
export const CHILD_ENV = {
  NODE_COMPILE_CACHE: join(tmpdir(), 'agenda-compile-cache'),
  // Password hashes take and give back 19 MiB on several threads; many arenas would each keep their own.
  MALLOC_ARENA_MAX: '2',
  // A fixed threshold (bytes): otherwise it grows to what was freed once, and the memory of a hash stays in an arena.
  MALLOC_MMAP_THRESHOLD_: String(4 * 1024 * 1024),
};

/**
 * Four runtimes share one pod's memory: young generations are kept small and the old ones bounded (the mark is 400 MiB
 * resident for the whole pod; `make bench` prints what it is). MiB.
 */
const OLD_SPACE_MB = 256;
/** What a larger one saves and costs is in docs/PERFORMANCE.md. */
const SEMI_SPACE_MB = { 'api-gateway': 4, agenda: 8, 'raft-sidecar': 8, audit: 4 } as const;
/** The heaps are small and the services of all pods busy at once: helper threads cost more CPU than they save time. */
const COLLECTOR = '--single-threaded-gc';
const MB_MAX = 65_536;

/**
 * In the order in which they stop: the gateway drains, the agenda finishes, leadership is handed over, audit flushes.
 *
 * @param env POD_OLD_SPACE_MB and POD_SEMI_SPACE_MB change the bounds of memory. @throws Error saying what is wrong.
 */
export function podChildren(env: NodeJS.ProcessEnv): readonly ChildSpec[] {
  const service = (name: keyof typeof SEMI_SPACE_MB, stopMs: number): ChildSpec => ({
    name,
    main: join(SERVICES, name, 'src/main.ts'),
    stopMs,
    nodeFlags: [
      COLLECTOR,
      `--max-old-space-size=${megabytes(env, 'POD_OLD_SPACE_MB', OLD_SPACE_MB)}`,
      `--max-semi-space-size=${megabytes(env, 'POD_SEMI_SPACE_MB', SEMI_SPACE_MB[name])}`,
    ],
  });
  return [
    service('api-gateway', 8_000),
    service('agenda', 8_000),
    service('raft-sidecar', 8_000),
    service('audit', 5_000),
  ];
}

function megabytes(env: NodeJS.ProcessEnv, name: string, defaultMb: number): number {
  const text = env[name] || String(defaultMb);
  if (/^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= MB_MAX) return Number(text);
  throw new Error(`${name} must be a whole number of MiB from 1 to ${MB_MAX}, but is "${text}"`);
}
