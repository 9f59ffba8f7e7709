/** `make test`: every stage, one after the other, ending with one line that counts. A failed check is a failed test. */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const REPORTER = join(ROOT, 'test/counting-reporter.cjs');
const POD_LOGS = ['--require', join(ROOT, 'test/support/pod-logs.ts')];
const base = process.env.BASE || 'HEAD~1';
/** A stage that has not ended by then never will: something in it keeps its process alive. It counts as failed. */
const STAGE_MS_MAX = 20 * 60_000;

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Stage {
  readonly name: string;
  /** The stages of `make test-unit` and so on. */
  readonly group: 'check' | 'unit' | 'cluster' | 'browser';
  readonly run: () => Counts;
}

const UNIT = [
  'proto/**/*.test.ts',
  'packages/*/src/**/*.test.ts',
  'services/*/src/**/*.test.ts',
  'services/api-gateway/ui/src/**/*.test.ts',
  'bench/src/**/*.test.ts',
];

const STAGES: readonly Stage[] = [
  { name: 'contracts: buf lint', group: 'check', run: () => check('buf', ['lint', 'proto']) },
  { name: 'contracts: nothing breaking', group: 'check', run: checkBreaking },
  { name: 'types', group: 'check', run: () => check('npm', ['run', '--silent', 'typecheck']) },
  { name: 'format and lint', group: 'check', run: () => check('biome', ['check', '.']) },
  { name: 'unit', group: 'unit', run: () => mocha(UNIT, 20_000) },
  { name: 'architecture', group: 'unit', run: () => mocha(['test/architecture/*.test.ts'], 20_000) },
  {
    name: 'linearizability',
    group: 'unit',
    run: () => mocha(['test/linearizability/*.test.ts', 'test/support/*.test.ts'], 60_000),
  },
  { name: 'scenarios', group: 'unit', run: () => mocha(['test/scenarios/*.test.ts'], 20_000) },
  {
    name: 'stack files',
    group: 'unit',
    run: () => mocha(['test/swarm/*.test.ts'], 20_000),
  },
  { name: 'simulation', group: 'unit', run: () => mocha(['test/simulation/**/*.test.ts'], 600_000) },
  { name: 'cluster', group: 'cluster', run: () => mocha(['test/cluster/*.test.ts'], 120_000, POD_LOGS) },
  { name: 'browser', group: 'browser', run: () => mocha(['test/browser/*.test.ts'], 60_000) },
];

/** Only the exit code counts; what it says is shown. */
function check(command: string, args: readonly string[]): Counts {
  const status = runToEnd(command, args);
  return status === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** @returns the exit code; null: it had to be killed. */
function runToEnd(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): number | null {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
    timeout: STAGE_MS_MAX,
    killSignal: 'SIGKILL',
  });
  if (error) process.stderr.write(`${command}: ${error.message}\n`);
  return status;
}

/** Against the contracts that have landed; a history without them cannot be broken. */
function checkBreaking(): Counts {
  const landed = spawnSync('git', ['cat-file', '-e', `${base}:proto/buf.yaml`], { cwd: ROOT });
  if (landed.status !== 0) {
    process.stdout.write(`skipped: there are no contracts in ${base} to compare with\n`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  return check('buf', ['breaking', 'proto', '--against', `.git#ref=${base},subdir=proto`]);
}

function mocha(patterns: readonly string[], timeoutMs: number, more: readonly string[] = []): Counts {
  const files = patterns.flatMap((pattern) =>
    globSync(pattern, { cwd: ROOT, exclude: (name) => name === 'node_modules' }),
  );
  if (files.length === 0) {
    process.stdout.write('no tests here yet\n');
    return { passed: 0, failed: 0, skipped: 0 };
  }
  const directory = mkdtempSync(join(tmpdir(), 'agenda-test-'));
  const countsFile = join(directory, 'counts.json');
  try {
    const args = [
      '--no-config',
      '--timeout',
      String(timeoutMs),
      '--reporter',
      REPORTER,
      ...more,
      ...files.sort(),
    ];
    const status = runToEnd('mocha', args, { COUNTS_FILE: countsFile });
    const counts = JSON.parse(readFileSync(countsFile, 'utf8')) as Counts;
    // A run that broke off has counted nothing as failed.
    return status !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } catch (error) {
    process.stderr.write(`the tests ended without counts: ${(error as Error).message}\n`);
    return { passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const wanted = process.argv[2];
const total: Counts = { passed: 0, failed: 0, skipped: 0 };
for (const stage of STAGES) {
  if (wanted !== undefined && stage.group !== wanted) continue;
  process.stdout.write(`\n== ${stage.name}\n`);
  const startedAt = performance.now();
  const counts = stage.run();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  process.stdout.write(`-- ${stage.name}: ${counts.failed > 0 ? 'FAILED' : 'ok'} in ${seconds} s\n`);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
}
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed${skipped}\n`);
process.exit(total.failed > 0 ? 1 : 0);
