/**
 * `make test-swarm`: the real stack file on three hosts, each with a Docker engine of its own. Takes down what it started,
 * and only that. IMAGE: one that is built already. CASES: only these, after the first.
 */
import { spawn, spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { until } from '../support/until.ts';
import { docker, HOSTS, lab, labProblems } from './lab.ts';

const ROOT = join(import.meta.dirname, '../..');
const COMMANDS = 'docker dockerd containerd ip iptables nsenter unshare tini curl jq openssl'.split(' ');
const BASE_OFFICIAL = 'node:26-bookworm-slim';
const BASE_STAND_IN = 'agenda-base:stand-in';
const BUILT = 'agenda-distribuida:test-swarm';
const ENGINE_MS_MAX = 60_000;
const CASES_MS_MAX = 60 * 60_000;
const CASE_MS_MAX = 10 * 60_000;
/** All hosts share one control group, which weighs as much as one process outside of it: 35 processes are in it. */
const GROUP = '/sys/fs/cgroup/cpu/swarmlab';
const SHARES_OF_SEVEN_PODS = 7 * 1_024;
/** In this order: each goes on from what the one before left. */
const CASES = ['start', 'kill', 'update', 'cut', 'volumes', 'scale', 'restart', 'tls'];

const directory = mkdtempSync(join(tmpdir(), 'agenda-swarm-'));
const figuresFile = join(directory, 'figures');
const undo: (() => Promise<unknown> | unknown)[] = [];
let exitCode = 1;
let cleaning: Promise<void> | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  refuseUnlessPossible();
  await ensureEngine();
  const image = process.env.IMAGE || buildImage();
  await startHosts(image);
  exitCode = await runCases(image);
} catch (error) {
  process.stderr.write(`make test-swarm: ${(error as Error).message}\n`);
} finally {
  if (existsSync(figuresFile)) process.stdout.write(`\nFigures\n${readFileSync(figuresFile, 'utf8')}`);
  await cleanUp();
}
process.exit(exitCode);

function refuseUnlessPossible(): void {
  const problems = [
    ...(process.platform === 'linux' ? [] : ['Linux: hosts are network namespaces']),
    ...(process.getuid?.() === 0 ? [] : ['the rights of root: engines and network namespaces are made']),
    ...COMMANDS.filter((command) => !isInstalled(command)).map((command) => `the command ${command}`),
    ...labProblems(),
  ];
  if (problems.length > 0)
    throw new Error(`missing:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
}

function isInstalled(command: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** For the build; the hosts have engines of their own. */
async function ensureEngine(): Promise<void> {
  const answers = () => spawnSync('docker', ['version'], { stdio: 'ignore' }).status === 0;
  if (answers()) return;
  say('no engine runs here: starting one');
  const log = join(directory, 'dockerd.log');
  const file = openSync(log, 'w');
  const engine = spawn('dockerd', [], { stdio: ['ignore', file, file], detached: true });
  const ended = new Promise<void>((resolve) => engine.once('exit', () => resolve()));
  undo.push(() => {
    engine.kill('SIGTERM');
    return ended;
  });
  try {
    await until('an answer of the engine', ENGINE_MS_MAX, async () => (answers() ? true : undefined));
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${readFileSync(log, 'utf8').slice(-2_000)}`);
  }
}

function buildImage(): string {
  const base = process.env.BASE_IMAGE || baseImage();
  // A stand-in reaches the package registry as this machine does, and no otherwise.
  const flags = base === BASE_OFFICIAL ? '' : '--network host';
  command('deploy/swarm/image.sh', [], { BASE_IMAGE: base, IMAGE: BUILT, BUILD_FLAGS: flags });
  return BUILT;
}

function baseImage(): string {
  for (const args of [
    ['image', 'inspect', BASE_OFFICIAL],
    ['pull', '--quiet', BASE_OFFICIAL],
  ])
    if (spawnSync('docker', args, { stdio: 'ignore', timeout: ENGINE_MS_MAX }).status === 0)
      return BASE_OFFICIAL;
  if (spawnSync('docker', ['image', 'inspect', BASE_STAND_IN], { stdio: 'ignore' }).status !== 0) {
    say(`${BASE_OFFICIAL} cannot be had: building a stand-in`);
    command('test/swarm/base-image.sh', [BASE_STAND_IN], {});
  }
  return BASE_STAND_IN;
}

async function startHosts(image: string): Promise<void> {
  say('starting three hosts');
  undo.push(() => lab('down'));
  await lab('up', String(HOSTS.length));
  if (existsSync(dirname(GROUP))) {
    mkdirSync(GROUP, { recursive: true });
    writeFileSync(join(GROUP, 'cpu.shares'), String(SHARES_OF_SEVEN_PODS));
  }
  await lab('load', image);
  for (const host of HOSTS) {
    await docker(host, 'tag', image, 'agenda-distribuida:now');
    await buildOn(host, 'agenda-distribuida:next', 'LABEL test.swarm.version=next');
    await buildOn(host, 'agenda-distribuida:broken', 'CMD ["node", "--eval", "process.exit(1)"]');
    await docker(1, 'node', 'update', '--label-add', 'agenda=true', `h${host}`);
  }
}

async function buildOn(host: (typeof HOSTS)[number], tag: string, line: string): Promise<void> {
  const context = mkdtempSync(join(directory, 'context-'));
  writeFileSync(join(context, 'Dockerfile'), `FROM agenda-distribuida:now\n${line}\n`);
  await docker(host, 'build', '--quiet', '--tag', tag, context);
}

function runCases(image: string): Promise<number> {
  const only = process.env.CASES?.split(',');
  const wanted = CASES.filter((name, at) => at === 0 || !only || only.includes(name));
  const files = wanted.map((name) => join(import.meta.dirname, `cases/${name}.ts`));
  const child = spawn('mocha', ['--no-config', '--bail', '--timeout', String(CASE_MS_MAX), ...files], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, FIGURES_FILE: figuresFile, SECRETS_DIR: join(directory, 'secrets'), IMAGE: image },
  });
  undo.push(() => child.kill('SIGKILL'));
  const timer = setTimeout(() => child.kill('SIGKILL'), CASES_MS_MAX);
  return new Promise((resolve) =>
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    }),
  );
}

/** @throws Error if it fails. */
function command(file: string, args: readonly string[], env: Record<string, string>): void {
  const { status, error } = spawnSync(join(ROOT, file), args, {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${file} failed: ${error?.message ?? `exit code ${status}`}`);
}

/** Once, however often it is asked for: after a signal the end of the run asks too. */
function cleanUp(): Promise<void> {
  cleaning ??= undoAll();
  return cleaning;
}

/** In reverse; whatever one of them says, the others are done too. */
async function undoAll(): Promise<void> {
  if (process.env.KEEP) {
    say(`kept: the hosts, and ${directory}`);
    return;
  }
  for (const step of undo.splice(0).reverse())
    await Promise.resolve(step()).catch((error: Error) => process.stderr.write(`${error.message}\n`));
  rmSync(directory, { recursive: true, force: true });
}

function say(text: string): void {
  process.stdout.write(`test-swarm: ${text}\n`);
}
