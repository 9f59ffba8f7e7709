/** The import rules of the house (docs/ARCHITECTURE.md, "Who may import whom"), as functions over source files. */
import { codeOf, importsOf, resolveImport, type SourceFile } from './imports.ts';

export interface Rule {
  readonly name: string;
  /** Which files it is for. */
  readonly applies: (path: string) => boolean;
  /** What is wrong, in words; empty: nothing. */
  readonly check: (file: SourceFile) => string[];
  /** A file that breaks it, to show that it can be broken. */
  readonly offender: SourceFile;
}

const CORE = 'services/raft-sidecar/src/core/';
const MACHINE = 'services/agenda/src/state-machine/';
const LINES_MAX = 400;

const isTest = (path: string): boolean => /\.test\.tsx?$|\/testing\/|\/testing\.ts$/.test(path);

function forbiddenWords(file: SourceFile, words: Readonly<Record<string, RegExp>>): string[] {
  const code = codeOf(file);
  return Object.entries(words).flatMap(([name, pattern]) => (pattern.test(code) ? [`uses ${name}`] : []));
}

const IMPURE = {
  'the clock (Date)': /\bDate\b/,
  timers: /\bset(Timeout|Interval|Immediate)\b|\bqueueMicrotask\b/,
  'Math.random': /\bMath\.random\b/,
  performance: /\bperformance\b/,
  'a promise': /\bawait\b|\bPromise\b/,
  'a locale': /\bIntl\b|\btoLocale\w+\b|\blocaleCompare\b/,
  'the process': /\bprocess\./,
  'a source of random numbers': /\bcrypto\.|\brandom(UUID|Bytes|Int)\b/,
  // Its tables come with the runtime, and two versions of it run side by side during an update.
  'what differs between versions of the runtime': /\bTemporal\b|\.normalize\(/,
  'the global object': /\bglobalThis\b/,
};

const coreIsPure: Rule = {
  name: 'core/** imports core/** and nothing else, and knows no clock, timer, random source or promise',
  applies: (path) => path.startsWith(CORE) && !isTest(path),
  check: (file) => [
    ...importsOf(file).flatMap(({ specifier }) =>
      resolveImport(file.path, specifier)?.startsWith(CORE) ? [] : [`imports ${specifier}`],
    ),
    ...forbiddenWords(file, IMPURE),
  ],
  offender: {
    path: `${CORE}offender.ts`,
    text: "import { readFileSync } from 'node:fs';\nimport type { X } from '../runtime/driver.ts';\nexport const at = Date.now();",
  },
};

const MACHINE_PACKAGES = [/^@agenda\/proto\/(agenda|audit)\//, /^better-sqlite3$/];

const machineIsPure: Rule = {
  name: 'state-machine/** imports itself, the contracts and SQLite types, and nothing that differs between machines',
  applies: (path) => path.startsWith(MACHINE) && !isTest(path),
  check: (file) => [
    ...importsOf(file).flatMap(({ specifier, typeOnly }) => {
      if (resolveImport(file.path, specifier)?.startsWith(MACHINE)) return [];
      if (specifier === 'better-sqlite3' && !typeOnly)
        return ['imports better-sqlite3 itself, not only its types'];
      // A digest is the same everywhere.
      if (specifier === 'node:crypto' && file.path === `${MACHINE}digest.ts`) return [];
      return MACHINE_PACKAGES.some((pattern) => pattern.test(specifier)) ? [] : [`imports ${specifier}`];
    }),
    ...forbiddenWords(file, IMPURE),
  ],
  offender: {
    path: `${MACHINE}offender.ts`,
    text: "import { uuidv7 } from '@agenda/service-kit/ids';\nexport const id = Math.random().toLocaleString();",
  },
};

const servicesAreApart: Rule = {
  name: 'services import the contracts, the kit and libraries, never each other',
  applies: (path) => path.startsWith('services/') && !path.startsWith('services/api-gateway/ui/'),
  check: (file) => {
    const own = file.path.split('/').slice(0, 2).join('/');
    return importsOf(file).flatMap(({ specifier }) => {
      const target = resolveImport(file.path, specifier);
      if (target !== undefined) return target.startsWith(`${own}/`) ? [] : [`imports ${target}`];
      if (!specifier.startsWith('@agenda/')) return [];
      return /^@agenda\/(proto|service-kit)\//.test(specifier) ? [] : [`imports ${specifier}`];
    });
  },
  offender: {
    path: 'services/audit/src/offender.ts',
    text: "import { x } from '../../agenda/src/context.ts';\nimport { y } from '@agenda/pod/ports';",
  },
};

const packagesAreBelow: Rule = {
  name: 'packages never import services, and the kit imports no other package of ours but the contracts',
  applies: (path) => path.startsWith('packages/'),
  check: (file) => {
    const own = file.path.split('/').slice(0, 2).join('/');
    return importsOf(file).flatMap(({ specifier }) => {
      const target = resolveImport(file.path, specifier);
      if (target !== undefined) return target.startsWith(`${own}/`) ? [] : [`imports ${target}`];
      if (!specifier.startsWith('@agenda/')) return [];
      const allowed =
        own === 'packages/service-kit' ? /^@agenda\/proto\// : /^@agenda\/(proto|service-kit|pod)\//;
      return allowed.test(specifier) ? [] : [`imports ${specifier}`];
    });
  },
  offender: {
    path: 'packages/service-kit/src/offender.ts',
    text: "import { Supervisor } from '@agenda/pod/supervisor';",
  },
};

/** Processes by themselves; they are their own main. */
const MAINS = /(^|\/)(main|config|run-local|run|health-check|warm-up)\.ts$/;

const environmentAtTheEdge: Rule = {
  name: 'only main.ts and config.ts read the environment',
  applies: (path) =>
    !isTest(path) && !path.startsWith('test/') && !path.startsWith('bench/') && !MAINS.test(path),
  check: (file) => {
    // The kit's reader is what config.ts calls; a pod that is started inherits the environment as a whole.
    if (/^packages\/(service-kit\/src\/environment|pod\/src\/pod-process)\.ts$/.test(file.path)) return [];
    return /\bprocess\.env\b/.test(codeOf(file)) ? ['reads process.env'] : [];
  },
  offender: { path: 'services/audit/src/offender.ts', text: 'export const level = process.env.LOG_LEVEL;' },
};

const EDGES = /^services\/[^/]+\/src\/(api|routes|ws)\//;

const edgesImportInward: Rule = {
  name: 'api/, routes/ and ws/ are edges: only app.ts, context.ts and their own kind import them',
  applies: (path) => /^services\/[^/]+\/src\//.test(path) && !isTest(path),
  check: (file) => {
    if (/\/src\/(app|context)\.ts$/.test(file.path) || EDGES.test(file.path)) return [];
    return importsOf(file).flatMap(({ specifier, typeOnly }) => {
      const target = resolveImport(file.path, specifier);
      return target !== undefined && EDGES.test(target) && !typeOnly ? [`imports the edge ${target}`] : [];
    });
  },
  offender: {
    path: 'services/agenda/src/apply/offender.ts',
    text: "import { handlers } from '../api/handlers.ts';",
  },
};

const filesOfASitting: Rule = {
  name: `no file is longer than ${LINES_MAX} lines`,
  applies: (path) => !isTest(path),
  check: ({ text }) => {
    const lines = text.split('\n').length;
    return lines > LINES_MAX ? [`has ${lines} lines`] : [];
  },
  offender: { path: 'services/audit/src/offender.ts', text: '\n'.repeat(LINES_MAX + 1) },
};

export const RULES: readonly Rule[] = [
  coreIsPure,
  machineIsPure,
  servicesAreApart,
  packagesAreBelow,
  environmentAtTheEdge,
  edgesImportInward,
  filesOfASitting,
];
