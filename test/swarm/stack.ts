/** The real stack file on the hosts: what runs where, and what its members say. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { get as getTls } from 'node:https';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { until } from '../support/until.ts';
import { addressOf, docker, environmentOf, HOSTS, type Host } from './lab.ts';

const DEPLOY = join(dirname(fileURLToPath(import.meta.url)), '../../deploy/swarm');
export const STACK = 'agenda';
export const SERVICE = 'agenda_agenda';
export const REPLICAS = 7;
const PORT = 8080;
/** Seven pods share this machine with everything else: elections must not come from a want of CPU. */
const TIMING = { ELECTION_TIMEOUT_MS: '3000', HEARTBEAT_MS: '300' };
const ASK_MS_MAX = 2_000;
/** Requests go round among the replicas: so many, and the leader was among them. */
const ASKS_MAX = 40;
/** A member that replicates under load is a little behind at any moment. */
const BEHIND_MAX = 200;
const COMMAND_MS_MAX = 120_000;

const run = promisify(execFile);

export interface Task {
  readonly id: string;
  readonly slot: number;
  readonly host: Host;
  readonly image: string;
  readonly running: boolean;
  /** In Swarm's words. */
  readonly state: string;
}

export interface Health {
  readonly nodeId: string;
  readonly memberId: string;
  readonly isLeader: boolean;
  readonly leaderId: string | null;
  readonly term: number;
  readonly commitIndex: number;
  readonly waitingFor: string | null;
  readonly configuration: {
    readonly voters: readonly string[];
    readonly votersOutgoing: readonly string[];
    readonly learners: readonly string[];
  } | null;
  readonly progress: readonly {
    readonly memberId: string;
    readonly matchIndex: number;
    readonly active: boolean;
  }[];
}

export class Stack {
  /** Hosts that clients and tests do not talk to. */
  readonly away = new Set<Host>();
  /** Clients speak HTTPS, and trust whom this certificate (PEM) names; undefined: HTTP. */
  authority: string | undefined;
  readonly #secretsDir: string;

  constructor(secretsDir: string) {
    this.#secretsDir = secretsDir;
  }

  get hosts(): readonly Host[] {
    return HOSTS.filter((host) => !this.away.has(host));
  }

  /** The published port, on every host. */
  get urls(): readonly string[] {
    return this.hosts.map((host) => `http://${addressOf(host)}:${PORT}`);
  }

  /** A swarm command at a manager. */
  swarm(...args: string[]): Promise<string> {
    return docker(this.hosts[0] as Host, ...args);
  }

  async makeSecrets(...args: string[]): Promise<void> {
    await run(join(DEPLOY, 'secrets.sh'), args, {
      env: { ...environmentOf(this.hosts[0] as Host), SECRETS_DIR: this.#secretsDir },
      timeout: COMMAND_MS_MAX,
    });
  }

  /** `docker stack deploy`, with the files as they are. */
  async deploy(image: string, ...overrides: string[]): Promise<void> {
    const files = ['stack.yml', ...overrides].flatMap((file) => ['--compose-file', join(DEPLOY, file)]);
    await run('docker', ['stack', 'deploy', '--resolve-image', 'never', ...files, STACK], {
      env: { ...environmentOf(this.hosts[0] as Host), ...TIMING, AGENDA_IMAGE: image },
      timeout: COMMAND_MS_MAX,
    });
  }

  /** Where each slot's volume is (slots.sh). */
  async slots(image: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(join(DEPLOY, 'slots.sh'), args, {
      env: { ...environmentOf(this.hosts[0] as Host), ...TIMING, AGENDA_IMAGE: image },
      timeout: COMMAND_MS_MAX,
    });
    return stdout;
  }

  /** Those that Swarm wants to run. */
  async tasks(): Promise<Task[]> {
    const lines = await this.swarm(
      ...[
        'service',
        'ps',
        SERVICE,
        '--no-trunc',
        '--filter',
        'desired-state=running',
        '--format',
        '{{json .}}',
      ],
    );
    return lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const { ID, Name, Node, Image, CurrentState } = JSON.parse(line) as Record<string, string>;
        return {
          id: ID as string,
          slot: Number(Name?.split('.').at(-1)),
          host: Number(Node?.slice(1)) as Host,
          image: Image as string,
          running: /^Running/.test(CurrentState ?? ''),
          state: CurrentState ?? '',
        };
      });
  }

  async taskOf(slot: number): Promise<Task> {
    const found = (await this.tasks()).find((task) => task.slot === slot);
    if (!found) throw new Error(`slot ${slot} has no task`);
    return found;
  }

  async containerOf({ id, host }: Task): Promise<string> {
    const found = await docker(host, 'ps', '--quiet', '--filter', `label=com.docker.swarm.task.id=${id}`);
    if (!/^[0-9a-f]+$/.test(found)) throw new Error(`task ${id} has no container on h${host}`);
    return found;
  }

  /** Of the swarm itself. */
  async leadingManager(): Promise<Host> {
    const lines = await this.swarm('node', 'ls', '--format', '{{.Hostname}} {{.ManagerStatus}}');
    return Number(/^h(\d) Leader/m.exec(lines)?.[1]) as Host;
  }

  async leadingTask(): Promise<Task> {
    const { nodeId } = await this.leader();
    return this.taskOf(Number(nodeId.split('-').at(-1)));
  }

  /** What the pod of that task says itself. */
  async healthOf(task: Task): Promise<Health> {
    const script = `fetch('http://127.0.0.1:${PORT}/raft/health').then(async (r) => console.log(await r.text()))`;
    return JSON.parse(await docker(task.host, 'exec', await this.containerOf(task), 'node', '-e', script));
  }

  /** Healthy, all of them, on hosts that are not away: Swarm takes a while to see that one is. */
  waitRunning(count: number, deadlineMs: number): Promise<Task[]> {
    return until(`${count} tasks running`, deadlineMs, async () => {
      const tasks = await this.tasks();
      if (tasks.length === count && tasks.every(({ running, host }) => running && !this.away.has(host)))
        return tasks;
      throw new Error(tasks.map(({ slot, host, state }) => `${slot}@h${host}: ${state}`).join('; '));
    });
  }

  /** As the leader sees it. */
  async leader(): Promise<Health> {
    const hosts = this.hosts;
    let last: unknown;
    for (let turn = 0; turn < ASKS_MAX; turn++) {
      const host = hosts[turn % hosts.length] as Host;
      const health = await ask(host, this.authority).catch((error: Error) => {
        last = error;
      });
      if (health?.isLeader) return health;
    }
    throw new Error(`no leader answers; last: ${last}`);
  }

  /** So many vote, every one of them hears the leader, and none is behind. */
  waitRedundant(voters: number, deadlineMs: number): Promise<Health> {
    return until(`${voters} voters, all up to date`, deadlineMs, async () => {
      const leader = await this.leader();
      const { configuration, progress, commitIndex } = leader;
      const others = progress.filter(({ memberId }) => configuration?.voters.includes(memberId));
      const complete =
        configuration?.voters.length === voters &&
        configuration.votersOutgoing.length === 0 &&
        others.length === voters - 1 &&
        others.every((one) => one.active && one.matchIndex >= commitIndex - BEHIND_MAX);
      if (complete) return leader;
      throw new Error(JSON.stringify({ configuration, progress, commitIndex }));
    });
  }

  /** And nothing of it is left running. */
  async remove(deadlineMs: number): Promise<void> {
    await this.swarm('stack', 'rm', STACK);
    await until('the stack is gone', deadlineMs, async () => {
      const left = await Promise.all(
        this.hosts.map((host) => docker(host, 'ps', '--quiet', '--filter', 'name=agenda_agenda')),
      );
      const networks = await this.swarm('network', 'ls', '--quiet', '--filter', 'name=agenda_agenda_net');
      return left.join('') + networks === '' ? true : undefined;
    });
  }
}

/** Over a connection of its own, so that the next one goes to another replica. */
async function ask(host: Host, authority: string | undefined): Promise<Health> {
  const options = { host: addressOf(host), port: PORT, path: '/raft/health', agent: false as const };
  const request = authority ? getTls({ ...options, ca: authority, servername: 'localhost' }) : get(options);
  request.setTimeout(ASK_MS_MAX, () => request.destroy(new Error('no answer')));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${answer}`);
  return JSON.parse(answer);
}
