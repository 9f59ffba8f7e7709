/** Cuts what goes to one peer into messages of the stream. */
import { entryBytes } from '../core/log.ts';
import type { Message } from '../core/types.ts';

/** grpc-js gives servers 64 KiB of flow-control window; a larger message waits a round trip in its middle. */
export const BATCH_BYTES_MAX = 48 * 1024;
/** Member ids, term and the like, generously; entryBytes counts more than an entry's header takes on the wire. */
export const MESSAGE_OVERHEAD_BYTES = 256;

/** An upper bound of what it takes on the wire. */
export function messageBytes(message: Message): number {
  if (message.kind !== 'appendRequest') return MESSAGE_OVERHEAD_BYTES;
  let bytes = MESSAGE_OVERHEAD_BYTES;
  for (const entry of message.entries) bytes += entryBytes(entry);
  return bytes;
}

/** In order; a message that is larger alone has a batch of its own. */
export function cutBatches(messages: readonly Message[]): Message[][] {
  const batches: Message[][] = [];
  let batch: Message[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = messageBytes(message);
    if (batch.length > 0 && bytes + size > BATCH_BYTES_MAX) {
      batches.push(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += size;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}
