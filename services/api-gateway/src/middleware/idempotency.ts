/** The command id of a write: from the Idempotency-Key and whose it is, or a fresh one. */
import { createHash, createHmac } from 'node:crypto';
import type { Caller, WriteContext } from '@agenda/proto/agenda/v1/agenda';
import { ServiceError } from '@agenda/service-kit/errors';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { callerOf } from './consistency.ts';
import type { RequestContext } from './context.ts';

const KEY = /^[\x21-\x7e]{1,255}$/;
const COMMAND_ID_BYTES = 16;
const NO_BYTES = new Uint8Array(0);

export class Idempotency {
  readonly #fingerprintKey: Buffer;

  /**
   * The id is a plain hash, so that it stays the same while secrets rotate: a retry must never become a second command.
   * The fingerprint covers bodies with passwords and is therefore keyed; during a rotation a retry may be refused.
   */
  constructor(jwtSecret: string) {
    this.#fingerprintKey = createHmac('sha256', jwtSecret).update('agenda idempotency fingerprint').digest();
  }

  /**
   * @param scope whose key it is where nobody is logged in (a user name, a session).
   * @param attempt tells apart the commands that one request may need (PATCH reads and writes).
   * @throws ServiceError `invalid_argument`
   */
  writeContext(context: RequestContext, scope = '', attempt = 0): WriteContext {
    const caller = callerOf(context);
    const key = context.headers['idempotency-key'];
    if (key === undefined) return { caller, commandId: uuidv7Bytes(), fingerprint: NO_BYTES };
    if (typeof key !== 'string' || !KEY.test(key)) {
      const message = 'must be 1 to 255 visible ASCII characters';
      throw new ServiceError('invalid_argument', `Idempotency-Key ${message}`, {
        fields: [{ path: 'Idempotency-Key', message }],
      });
    }
    return {
      caller,
      commandId: commandId(caller, scope, key, attempt),
      fingerprint: this.#fingerprint(context),
    };
  }

  /** The query counts: it may say which occurrences a change is for. */
  #fingerprint({ method, path, search, state }: RequestContext): Uint8Array {
    return createHmac('sha256', this.#fingerprintKey)
      .update(`${method} ${path}${search}\n`)
      .update(state.rawBody ?? NO_BYTES)
      .digest();
  }
}

function commandId(caller: Caller, scope: string, key: string, attempt: number): Uint8Array {
  // JSON keeps the parts apart whatever they contain.
  const parts = JSON.stringify([caller.userId, scope, key, attempt]);
  return createHash('sha256').update(parts).digest().subarray(0, COMMAND_ID_BYTES);
}
