import type { Caller, WriteContext } from '@agenda/proto/agenda/v1/agenda';
import type { Command } from '@agenda/proto/agenda/v1/command';
import { type FieldError, ServiceError } from '@agenda/service-kit/errors';
import { type CommandBody, featureLevelOf } from '../state-machine/feature-level.ts';

const COMMAND_ID_BYTES = 16;
const FINGERPRINT_BYTES = 32;

/** Wraps a resolved request as what the log carries. */
export class CommandFactory {
  readonly #originNode: string;

  constructor(originNode: string) {
    this.#originNode = originNode;
  }

  /**
   * @param caller must have been authorised; apply refuses the command if the session has ended by then.
   * @throws ServiceError `invalid_argument`
   */
  create(write: WriteContext | undefined, caller: Caller, requestId: string, body: CommandBody): Command {
    assertIdentified(write);
    return {
      id: write.commandId,
      featureLevel: featureLevelOf(body),
      fingerprint: write.fingerprint,
      actorId: caller.userId,
      sessionId: caller.sessionId,
      actorName: caller.userId === '' && caller.tool !== '' ? caller.tool : caller.username,
      requestId,
      address: caller.address,
      originNode: this.#originNode,
      body,
    };
  }
}

function assertIdentified(write: WriteContext | undefined): asserts write is WriteContext {
  const fields: FieldError[] = [];
  if (write?.commandId.length !== COMMAND_ID_BYTES)
    fields.push({ path: 'context.commandId', message: `must be ${COMMAND_ID_BYTES} bytes` });
  const fingerprintBytes = write?.fingerprint.length ?? 0;
  if (fingerprintBytes !== 0 && fingerprintBytes !== FINGERPRINT_BYTES)
    fields.push({ path: 'context.fingerprint', message: `must be ${FINGERPRINT_BYTES} bytes, or empty` });
  if (fields.length > 0) throw new ServiceError('invalid_argument', 'a write needs a command id', { fields });
}
