import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgendaServiceService, type Caller, type WriteContext } from '@agenda/proto/agenda/v1/agenda';
import type { User } from '@agenda/proto/agenda/v1/model';
import { GrpcChannel, type UnaryClient } from '@agenda/service-kit/grpc-client';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import type { Part } from '@agenda/service-kit/lifecycle';
import { receiverOf } from '@agenda/service-kit/nonces';
import { AgendaContext } from '../context.ts';
import { FEATURE_LEVEL } from '../state-machine/feature-level.ts';
import { ScriptedSidecar, TEST_SECRETS, testLogger, testSigner } from './scripted-sidecar.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };
/** Nobody listens there: the audit service is not needed here. */
const NOBODY = { host: '127.0.0.1', port: 9 };

export const DEADLINE = { deadlineMs: 9_000 };

/** The whole agenda service, wired as in production, beside a scripted sidecar. */
export class AgendaUnderTest {
  readonly sidecar = new ScriptedSidecar();
  readonly #directory = mkdtempSync(join(tmpdir(), 'agenda-'));
  #parts: readonly Part[] = [];
  #port = 0;
  #channel: GrpcChannel | undefined;
  #client: UnaryClient<AgendaServiceService> | undefined;

  async start(): Promise<this> {
    this.sidecar.leadership.featureLevel = FEATURE_LEVEL;
    await this.sidecar.start();
    await this.startAgenda();
    return this;
  }

  async startAgenda(): Promise<void> {
    const context = new AgendaContext(
      {
        NODE_ID: 'agenda-1',
        DATA_DIR: this.#directory,
        AGENDA_GRPC_ADDR: LOOPBACK,
        SIDECAR_GRPC_ADDR: { host: '127.0.0.1', port: this.sidecar.port },
        AUDIT_GRPC_ADDR: NOBODY,
        CLUSTER_HMAC_SECRET: TEST_SECRETS,
        CLUSTER_RECEIVER_OPTIONAL: false,
        LOG_LEVEL: 'silent',
      },
      testLogger(),
      () => {
        throw new Error('the disk failed under the test');
      },
    );
    this.#parts = context.parts();
    for (const part of this.#parts) await part.start?.();
    this.#port = context.port;
    const address = { host: '127.0.0.1', port: context.port };
    this.#channel = new GrpcChannel({
      address,
      receiver: receiverOf('agenda-1', 'agenda'),
      signer: testSigner(),
      logger: testLogger(),
    });
    this.#client = this.#channel.carried(AgendaServiceService);
  }

  get port(): number {
    return this.#port;
  }

  get client(): UnaryClient<AgendaServiceService> {
    return this.#client as UnaryClient<AgendaServiceService>;
  }

  get channel(): GrpcChannel {
    return this.#channel as GrpcChannel;
  }

  async stopAgenda(): Promise<void> {
    for (const part of this.#parts.toReversed()) await part.stop?.();
    this.#channel?.close();
  }

  async stop(): Promise<void> {
    await this.stopAgenda();
    await this.sidecar.stop();
    rmSync(this.#directory, { recursive: true });
  }

  /** @returns a registered and logged-in user as the caller of further requests. */
  async person(username: string, password = 'correct horse'): Promise<Caller & { readonly user: User }> {
    await this.client.register(
      { context: write(), username, password, email: '', displayName: '', timeZone: '' },
      DEADLINE,
    );
    return this.logIn(username, password);
  }

  async logIn(username: string, password: string): Promise<Caller & { readonly user: User }> {
    const { user, session } = await this.client.login({ context: write(), username, password }, DEADLINE);
    if (!user || !session) throw new Error('a login without user or session');
    return { userId: user.id, sessionId: session.id, username, address: '', tool: '', user };
  }
}

export function write(caller?: Caller): WriteContext {
  return { caller, commandId: uuidv7Bytes(), fingerprint: new Uint8Array(0) };
}
