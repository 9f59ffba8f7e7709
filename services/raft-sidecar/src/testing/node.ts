/** A whole sidecar in this process: real storage, real gRPC on loopback, fast timings. */
import { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { formatHostPort } from '@agenda/service-kit/environment';
import { GrpcChannel, type UnaryClient } from '@agenda/service-kit/grpc-client';
import type { Part } from '@agenda/service-kit/lifecycle';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer } from '@agenda/service-kit/signature';
import type { Config } from '../config.ts';
import { SidecarContext } from '../context.ts';
import type { AuditRecorder } from './audit.ts';
import { type Applied, TestMachine } from './machine.ts';

export const SECRET = 's'.repeat(32);
const LOOPBACK = { host: '127.0.0.1', port: 0 };
const logger = createLogger({
  component: 'raft-sidecar',
  nodeId: 'test',
  level: process.env.TEST_LOG_LEVEL ?? 'silent',
});

export interface NodeOptions {
  readonly nodeId: string;
  readonly directory: string;
  readonly expected: number;
  /** host:port of peer ports. */
  readonly seeds: readonly string[];
  readonly audit: AuditRecorder;
  /** Over the defaults. */
  readonly config?: Partial<Config>;
  /** That its state machine announces. */
  readonly featureLevel?: number;
}

export class TestNode {
  readonly nodeId: string;
  readonly context: SidecarContext;
  readonly channel: GrpcChannel;
  readonly sidecar: UnaryClient<typeof SidecarService>;
  readonly applied: Applied[] = [];
  readonly fatal: boolean[] = [];
  readonly #started: Part[];
  #stateMachine: TestMachine | undefined;

  private constructor(nodeId: string, context: SidecarContext, started: Part[], fatal: boolean[]) {
    this.nodeId = nodeId;
    this.context = context;
    this.#started = started;
    this.fatal = fatal;
    const address = { host: LOOPBACK.host, port: context.sidecarPort };
    const receiver = receiverOf(nodeId, 'raft-sidecar');
    this.channel = new GrpcChannel({ address, receiver, signer: new Signer('tool', [SECRET]), logger });
    this.sidecar = this.channel.carried(SidecarService);
  }

  static async start(options: NodeOptions): Promise<TestNode> {
    const { nodeId, directory, expected, seeds, audit, config: changes, featureLevel = 1 } = options;
    const config: Config = {
      NODE_ID: nodeId,
      ADVERTISE_ADDR: LOOPBACK,
      HTTP_ADDR: LOOPBACK,
      PEER_ADDR: LOOPBACK,
      SIDECAR_GRPC_ADDR: LOOPBACK,
      AUDIT_GRPC_ADDR: { host: '127.0.0.1', port: await audit.portOf(nodeId) },
      DATA_DIR: directory,
      BOOTSTRAP_EXPECT: expected,
      CLUSTER_HMAC_SECRET: [SECRET],
      CLUSTER_RECEIVER_OPTIONAL: false,
      DISCOVERY_SEEDS: seeds.map(parse),
      DISCOVERY_DNS_NAME: '',
      DISCOVERY_DNS_SERVERS: [],
      SWARM_SERVICE_NAME: '',
      SWARM_SERVICE_PORT: undefined,
      DEAD_AFTER: 600_000,
      REPLACE_AFTER: 1_000,
      SNAPSHOT_LOG_ENTRIES: 100_000,
      SNAPSHOT_LOG_BYTES: 64 * 1024 * 1024,
      SNAPSHOT_TAIL_ENTRIES: 10_000,
      CHECKPOINT_EVERY: 30_000,
      CLUSTER_TLS_CERT_FILE: undefined,
      CLUSTER_TLS_KEY_FILE: undefined,
      CLUSTER_TLS_CA_FILE: undefined,
      ELECTION_TIMEOUT_MS: 150,
      HEARTBEAT_MS: 20,
      LOG_LEVEL: 'info',
      ...changes,
    };
    const fatal: boolean[] = [];
    const context = new SidecarContext(config, logger.child({ nodeId }), () => fatal.push(true));
    const started: Part[] = [];
    for (const part of context.parts()) {
      await part.start?.();
      started.push(part);
    }
    const node = new TestNode(nodeId, context, started, fatal);
    node.#stateMachine = node.attach(featureLevel);
    return node;
  }

  get machine(): TestMachine {
    return this.#stateMachine as TestMachine;
  }

  get peerAddress(): string {
    return this.context.advertisedAddress;
  }

  get isLeader(): boolean {
    return this.context.driver.isLeader;
  }

  /** As the sidecar told its state machine last. */
  get clusterFeatureLevel(): number {
    return this.machine.clusterFeatureLevel;
  }

  /** Applies what is committed from where `applied` ends. */
  attach(featureLevel = 1): TestMachine {
    return new TestMachine(this.channel, this.applied, featureLevel);
  }

  commands(): string[] {
    return this.applied.flatMap(({ text }) => text || []);
  }

  /** In good order, so that a leader hands over. */
  async stop(): Promise<void> {
    this.#stateMachine?.detach();
    this.channel.close();
    for (const part of this.#started.reverse()) await part.stop?.();
  }

  /** Without handing anything over: as near as this process can come to a kill. */
  async crash(): Promise<void> {
    this.context.driver.stop();
    await this.stop();
  }
}

function parse(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  const parsed = { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
  if (formatHostPort(parsed) !== address) throw new Error(`not an address: ${address}`);
  return parsed;
}
