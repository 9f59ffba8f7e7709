/** The hosts: real Docker engines in network namespaces of this machine, by the tool that SWARM_LAB names. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const SCRIPT = 'swarm-lab.sh';
/** Where the tool lies beside a clone. */
const BESIDE = join(ROOT, '../shared/tools/swarm-lab');
const RUN = '/run/swarmlab';
const NET = '10.77.0';
const COMMAND_MS_MAX = 180_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/** All are managers: any one may be lost. */
export const HOSTS = [1, 2, 3] as const;
export type Host = (typeof HOSTS)[number];

const run = promisify(execFile);

/** The folder of the tool. */
export function labFolder(): string {
  return resolve(process.env.SWARM_LAB || BESIDE);
}

/** What keeps the hosts from being started; empty: nothing. */
export function labProblems(): string[] {
  const folder = labFolder();
  const problems: string[] = [];
  if (!existsSync(join(folder, SCRIPT)))
    problems.push(`${join(folder, SCRIPT)}: the tool that makes the hosts; say where it is with SWARM_LAB=…`);
  if (existsSync(join(RUN, 'managers')))
    problems.push(`that no other hosts are up: "${join(folder, SCRIPT)} down" ends those that are`);
  return problems;
}

export function addressOf(host: Host): string {
  return `${NET}.${10 + host}`;
}

/** A verb of the tool. @returns what it printed. @throws Error with what it said. */
export async function lab(...args: string[]): Promise<string> {
  const { stdout } = await run(join(labFolder(), SCRIPT), args, options({ ...process.env, DOCKER_HOST: '' }));
  return stdout;
}

/** The docker client at the engine of one host. @throws Error with what it said. */
export async function docker(host: Host, ...args: string[]): Promise<string> {
  const { stdout } = await run('docker', args, options(environmentOf(host)));
  return stdout.trim();
}

/** Standard output and standard error, whatever the exit code. */
export async function dockerOutput(host: Host, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run('docker', args, options(environmentOf(host)));
    return stdout + stderr;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return stdout + stderr;
  }
}

export function environmentOf(host: Host): NodeJS.ProcessEnv {
  return { ...process.env, DOCKER_HOST: `unix://${RUN}/h${host}/docker.sock` };
}

function options(env: NodeJS.ProcessEnv) {
  return { env, timeout: COMMAND_MS_MAX, maxBuffer: OUTPUT_BYTES_MAX };
}
