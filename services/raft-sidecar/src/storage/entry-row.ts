/** One entry as a row of `raft_log`, with a checksum over all of its columns. */

import { crc32 } from 'node:zlib';
import { encodeMessage } from '@agenda/proto/encode';
import { Configuration as WireConfiguration } from '@agenda/proto/raft/v1/entry';
import type { Entry, Payload } from '../core/types.ts';
import { configurationFromWire, configurationToWire } from '../transport/conversions.ts';

export interface EntryRow {
  readonly idx: number;
  readonly term: number;
  readonly timestamp_ms: number;
  readonly kind: number;
  readonly data: Uint8Array;
  readonly crc: number;
}

/** Stored; never reused. */
const KIND = { noop: 0, command: 1, configuration: 2, checkpoint: 3 } as const;
const EMPTY = new Uint8Array(0);
const HEADER_BYTES = 25;
const header = Buffer.alloc(HEADER_BYTES);

/** The log on this disk is not what was written: the node must not go on with it. */
export class CorruptLogError extends Error {
  constructor(index: number, what: string) {
    super(
      `raft.db is corrupt: entry ${index} ${what}. Stop this node, empty its data directory and let it join anew; the other members have the log`,
    );
    this.name = 'CorruptLogError';
  }
}

export const ROW_COLUMNS = 6;

/** Appends the columns of one row, in the order of the table. @returns the bytes of its data. */
export function pushRow(columns: unknown[], { index, term, timestampMs, payload }: Entry): number {
  const kind = KIND[payload.kind];
  const data = dataOf(payload);
  columns.push(index, term, timestampMs, kind, data, checksum(index, term, timestampMs, kind, data));
  return data.length;
}

/** @throws CorruptLogError */
export function entryOfRow(row: EntryRow): Entry {
  const { idx, term, timestamp_ms: timestampMs, kind, data } = row;
  if (checksum(idx, term, timestampMs, kind, data) !== row.crc)
    throw new CorruptLogError(idx, 'does not match its checksum');
  return { index: idx, term, timestampMs, payload: payloadOf(idx, kind, data) };
}

function dataOf(payload: Payload): Uint8Array {
  switch (payload.kind) {
    case 'noop':
      return EMPTY;
    case 'command':
    case 'checkpoint':
      return payload.data;
    case 'configuration':
      return encodeMessage(WireConfiguration, configurationToWire(payload.configuration));
  }
}

function payloadOf(index: number, kind: number, data: Uint8Array): Payload {
  switch (kind) {
    case KIND.noop:
      return { kind: 'noop' };
    case KIND.command:
      return { kind: 'command', data };
    case KIND.checkpoint:
      return { kind: 'checkpoint', data };
    case KIND.configuration:
      return {
        kind: 'configuration',
        configuration: configurationFromWire(WireConfiguration.decode(data)),
      };
    default:
      throw new CorruptLogError(index, `is of kind ${kind}, which this version does not know`);
  }
}

function checksum(index: number, term: number, timestampMs: number, kind: number, data: Uint8Array): number {
  header.writeDoubleBE(index, 0);
  header.writeDoubleBE(term, 8);
  header.writeDoubleBE(timestampMs, 16);
  header[24] = kind;
  return crc32(data, crc32(header));
}
