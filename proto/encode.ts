/** How messages become bytes, everywhere outside the pure state machine. */
import { BinaryWriter } from './wire.ts';

interface Encodable<Message> {
  encode(message: Message, writer?: BinaryWriter): BinaryWriter;
}

/** A buffer that has grown beyond this is not kept. */
const KEPT_BYTES_MAX = 1024 * 1024;

let shared: BinaryWriter | undefined = new BinaryWriter();

/**
 * One writer for all messages of this process: its buffer has grown once. A new writer for each message would allocate
 * outside the heap again and again while it grows, and the memory that is freed late makes the heap be swept early
 * (docs/adr/0007).
 */
export function encodeMessage<Message>(type: Encodable<Message>, message: Message): Buffer {
  // Taken away meanwhile: who encodes while a message is being encoded, or after one could not be, starts afresh.
  const writer = shared ?? new BinaryWriter();
  shared = undefined;
  const bytes = type.encode(message, writer).finish();
  if (bytes.length <= KEPT_BYTES_MAX) shared = writer;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
