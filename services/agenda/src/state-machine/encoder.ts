/** Turns messages into the bytes that are stored. */
import { CommandResult } from '@agenda/proto/agenda/v1/command';

type Writer = ReturnType<typeof CommandResult.encode>;

interface Encodable<Message> {
  encode(message: Message, writer?: Writer): Writer;
}

/**
 * Keeps one buffer, which grows to the size of the largest message. A new one for each of the three messages of a command
 * would be allocated again and again while it grows: that doubles what encoding costs (measured).
 *
 * Not to be used again once `encode` has thrown.
 */
export class Encoder {
  /** Of a message that has no field set, so nothing is written yet. */
  readonly #writer: Writer = CommandResult.encode({ index: 0, outcome: undefined });

  encode<Message>(type: Encodable<Message>, message: Message): Uint8Array {
    return type.encode(message, this.#writer).finish();
  }
}
