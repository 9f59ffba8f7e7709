import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type JWTPayload, SignJWT } from 'jose';
import { CLUSTER_SECRET, ScriptedAgenda } from './scripted-agenda.ts';
import { ScriptedAudit, ScriptedSidecar } from './scripted-neighbours.ts';

export const JWT_SECRET = 'the-jwt-secret-of-the-gateway-tests!';
export const AUDIT_TOKEN = 'the-audit-token-of-the-tests';
export const ISSUER = 'agenda-distribuida';
const ACCESS_SECONDS = 900;
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const LOOPBACK = '127.0.0.1';

/** A person as the tests see one: a user with a living session and an access token for it. */
export interface Person {
  readonly userId: string;
  readonly username: string;
  readonly sessionId: string;
  readonly token: string;
}

/**
 * The gateway as the supervisor starts it: its own process, configured by its environment alone, with the scripted
 * neighbours of one pod on loopback.
 */
export class GatewayProcess {
  readonly agenda = new ScriptedAgenda();
  readonly sidecar = new ScriptedSidecar();
  readonly audit = new ScriptedAudit();
  /** What it has written to standard output and error. */
  output = '';
  #child: ChildProcess | undefined;
  #port = 0;

  get origin(): string {
    return `http://${LOOPBACK}:${this.#port}`;
  }

  get webSocketUrl(): string {
    return `ws://${LOOPBACK}:${this.#port}/ws`;
  }

  /** @param env on top of what a pod sets. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<this> {
    await Promise.all([this.agenda.start(), this.sidecar.start(), this.audit.start()]);
    this.#port = await freePort();
    const child = spawn(process.execPath, [MAIN], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: { ...this.#environment(), ...env },
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (bytes: Buffer) => {
        this.output += bytes;
      });
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}:\n${this.output}`)));
    });
    return this;
  }

  /** Asks it to stop. @returns its exit code. */
  async stopGateway(): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return child?.exitCode ?? null;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await ended;
    return code as number | null;
  }

  async stop(): Promise<void> {
    await this.stopGateway();
    await Promise.all([this.agenda.stop(), this.sidecar.stop(), this.audit.stop()]);
  }

  async person(username: string, given: Parameters<ScriptedAgenda['addUser']>[1] = {}): Promise<Person> {
    const { user, sessionId } = this.agenda.addUser(username, given);
    const token = await accessToken({ sub: user.id, sid: sessionId, name: username });
    return { userId: user.id, username, sessionId, token };
  }

  #environment(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      NODE_ID: 'agenda-1',
      HTTP_ADDR: `${LOOPBACK}:${this.#port}`,
      AGENDA_GRPC_ADDR: `${LOOPBACK}:${this.agenda.port}`,
      SIDECAR_GRPC_ADDR: `${LOOPBACK}:${this.sidecar.port}`,
      AUDIT_GRPC_ADDR: `${LOOPBACK}:${this.audit.port}`,
      CLUSTER_HMAC_SECRET: CLUSTER_SECRET,
      JWT_SECRET,
      AUDIT_API_TOKEN: AUDIT_TOKEN,
      LOG_LEVEL: 'debug',
    };
  }
}

export interface TokenChoices {
  readonly secret?: string;
  readonly algorithm?: string;
  readonly type?: string;
  readonly issuer?: string;
  /** From now; negative: expired. */
  readonly seconds?: number;
}

/** A token as the gateway's own, except for what a test chooses otherwise. */
export function accessToken(claims: JWTPayload, choices: TokenChoices = {}): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  return new SignJWT({ role: 'member', ...claims })
    .setProtectedHeader({ alg: choices.algorithm ?? 'HS256', typ: choices.type ?? 'at+jwt' })
    .setIssuer(choices.issuer ?? ISSUER)
    .setIssuedAt(nowSeconds)
    .setExpirationTime(nowSeconds + (choices.seconds ?? ACCESS_SECONDS))
    .sign(Buffer.from(choices.secret ?? JWT_SECRET));
}

/** A port that was free a moment ago: the gateway tells nobody which one it was given. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
