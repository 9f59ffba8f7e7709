/** Sidecars that find each other, in this process; for tests that start, stop and rob them. */
import type { Status } from '@agenda/proto/raft/v1/sidecar';
import type { Config } from '../config.ts';
import { AuditRecorder } from './audit.ts';
import { removeDirectory, temporaryDirectory } from './directories.ts';
import { eventually } from './eventually.ts';
import { type NodeOptions, SECRET, TestNode } from './node.ts';

const DEADLINE_MS = 3_000;

export class TestCluster {
  readonly audit = new AuditRecorder(SECRET);
  readonly #directories = new Map<number, string>();
  /** By position; those that run. */
  readonly nodes = new Map<number, TestNode>();
  readonly #expected: number;
  readonly #config: Partial<Config>;

  constructor(expected: number, config: Partial<Config> = {}) {
    this.#expected = expected;
    this.#config = config;
  }

  async start(size: number): Promise<void> {
    for (let at = 0; at < size; at++) await this.startNode(at);
  }

  directory(at: number): string {
    return this.#directories.getOrInsertComputed(at, temporaryDirectory);
  }

  /** Also again; it then has another address. */
  async startNode(at: number, changes: Partial<NodeOptions> = {}): Promise<TestNode> {
    const node = await TestNode.start({
      nodeId: `agenda-${at + 1}`,
      directory: this.directory(at),
      expected: this.#expected,
      seeds: [...this.nodes.values()].map(({ peerAddress }) => peerAddress),
      audit: this.audit,
      ...changes,
      config: { ...this.#config, ...changes.config },
    });
    this.nodes.set(at, node);
    return node;
  }

  node(at: number): TestNode {
    const node = this.nodes.get(at);
    if (!node) throw new Error(`node ${at} does not run`);
    return node;
  }

  async stopNode(at: number): Promise<void> {
    const node = this.node(at);
    this.nodes.delete(at);
    await node.stop();
  }

  async crashNode(at: number): Promise<void> {
    const node = this.node(at);
    this.nodes.delete(at);
    await node.crash();
  }

  leader(): Promise<TestNode> {
    return eventually(() => [...this.nodes.values()].find((node) => node.isLeader), 'a leader', 10_000);
  }

  /** A node that does not lead. */
  async followerAt(): Promise<number> {
    const leader = await this.leader();
    const [at] = [...this.nodes].find(([, node]) => node !== leader) as [number, TestNode];
    return at;
  }

  status(node: TestNode): Promise<Status> {
    return node.sidecar.getStatus({}, { deadlineMs: DEADLINE_MS });
  }

  /** The leader has committed exactly these voters, by name. */
  async voters(...names: string[]): Promise<readonly string[]> {
    const wanted = names.sort().join();
    return eventually(
      async () => {
        const { voters } = (await this.leader()).context.driver.committedConfiguration;
        const given = voters.map((voter) => voter.slice(0, voter.indexOf('#')));
        return given.sort().join() === wanted && voters;
      },
      `the voters are ${wanted}`,
      15_000,
    );
  }

  /** The leader takes it and every running node applies it. */
  async commit(text: string): Promise<void> {
    await eventually(
      async () =>
        (await this.leader()).sidecar
          .propose({ command: Buffer.from(text) }, { deadlineMs: DEADLINE_MS })
          .then(
            () => true,
            () => false,
          ),
      `"${text}" is taken`,
    );
    for (const node of this.nodes.values())
      await eventually(() => node.commands().includes(text), `"${text}" is applied`);
  }

  async destroy(): Promise<void> {
    for (const node of this.nodes.values()) await node.crash();
    await this.audit.stop();
    for (const directory of this.#directories.values()) removeDirectory(directory);
  }
}
