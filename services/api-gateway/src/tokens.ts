/** Access and refresh tokens: JWTs with one fixed algorithm (docs/adr/0005). */
import type { Session, User } from '@agenda/proto/agenda/v1/model';
import { ServiceError } from '@agenda/service-kit/errors';
import { errors, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { roleName } from './views/values.ts';

export const ACCESS_LIFETIME_SECONDS = 900;
const ISSUER = 'agenda-distribuida';
const ALGORITHM = 'HS256';
const ACCESS_TYPE = 'at+jwt';
const REFRESH_TYPE = 'rt+jwt';
/** Verifying costs more than all else the gateway does for a request. The oldest one is forgotten at the bound. */
const VERIFIED_MAX = 10_000;
const TOKEN_LENGTH_MAX = 4_096;

/** Who asks, as a verified token says. Whether the session still lives, only the agenda knows. */
export interface Principal {
  readonly userId: string;
  readonly sessionId: string;
  readonly username: string;
  readonly expiresAtMs: number;
}

export interface RefreshClaims {
  readonly sessionId: string;
  readonly generation: number;
}

/** The token is not merely old: it was never ours, and somebody may have made it up. */
export class ForgedToken extends ServiceError {
  constructor(reason: string, cause?: unknown) {
    super('unauthenticated', `${reason}; log in, or refresh`, { cause });
  }
}

export class Tokens {
  readonly #keys: readonly Uint8Array[];
  readonly #verified = new Map<string, Principal>();

  /** @param secrets the first one signs, all are accepted. */
  constructor(secrets: readonly string[]) {
    this.#keys = secrets.map((text) => new TextEncoder().encode(text));
  }

  async issue(
    user: User,
    session: Session,
  ): Promise<{ readonly token: string; readonly refreshToken: string }> {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    const common = { sub: user.id, sid: session.id };
    const access = { ...common, name: user.username, role: roleName(user.role) };
    const sessionEnd = Math.floor(session.expiresAtMs / 1_000);
    const [token, refreshToken] = await Promise.all([
      this.#sign(access, ACCESS_TYPE, nowSeconds, nowSeconds + ACCESS_LIFETIME_SECONDS),
      this.#sign({ ...common, gen: session.generation }, REFRESH_TYPE, nowSeconds, sessionEnd),
    ]);
    return { token, refreshToken };
  }

  /** Undefined: not verified before, or expired since. */
  known(token: string): Principal | undefined {
    const principal = this.#verified.get(token);
    if (!principal || principal.expiresAtMs > Date.now()) return principal;
    this.#verified.delete(token);
    return undefined;
  }

  /** @throws ServiceError `unauthenticated` */
  async verifyAccess(token: string): Promise<Principal> {
    const known = this.known(token);
    if (known) return known;
    const { sub, sid, name, exp } = await this.#verify(token, ACCESS_TYPE);
    if (
      typeof sub !== 'string' ||
      typeof sid !== 'string' ||
      typeof name !== 'string' ||
      typeof exp !== 'number'
    )
      throw new ForgedToken('the token lacks a claim');
    const principal = { userId: sub, sessionId: sid, username: name, expiresAtMs: exp * 1_000 };
    this.#remember(token, principal);
    return principal;
  }

  /** @throws ServiceError `unauthenticated` */
  async verifyRefresh(token: string): Promise<RefreshClaims> {
    const { sid, gen } = await this.#verify(token, REFRESH_TYPE);
    if (typeof sid !== 'string' || typeof gen !== 'number') throw new ForgedToken('the token lacks a claim');
    return { sessionId: sid, generation: gen };
  }

  #sign(claims: JWTPayload, type: string, issuedAt: number, expiresAt: number): Promise<string> {
    return new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: type })
      .setIssuer(ISSUER)
      .setIssuedAt(issuedAt)
      .setExpirationTime(expiresAt)
      .sign(this.#keys[0] as Uint8Array);
  }

  async #verify(token: string, typ: string): Promise<JWTPayload> {
    if (token.length > TOKEN_LENGTH_MAX) throw new ForgedToken('the token is too long');
    let failure: unknown;
    for (const key of this.#keys)
      try {
        const options = { algorithms: [ALGORITHM], typ, issuer: ISSUER, requiredClaims: ['exp', 'sub'] };
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        failure = error;
        // Only another signature can be made good by another key.
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    if (!(failure instanceof errors.JWTExpired)) throw new ForgedToken('the token is not valid', failure);
    throw new ServiceError('unauthenticated', 'the token has expired; log in, or refresh', {
      cause: failure,
    });
  }

  #remember(token: string, principal: Principal): void {
    if (this.#verified.size >= VERIFIED_MAX)
      for (const oldest of this.#verified.keys()) {
        this.#verified.delete(oldest);
        break;
      }
    this.#verified.set(token, principal);
  }
}
