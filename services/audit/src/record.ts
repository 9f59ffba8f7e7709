/** The form of a link on disk. */
import { AuditEvent, type AuditRecord } from '@agenda/proto/audit/v1/audit';

/** Copies of what the event says, for the filters. */
export interface EventColumns {
  readonly id: Uint8Array;
  readonly at_ms: number;
  readonly level: number;
  readonly component: string;
  readonly node_id: string;
  readonly actor_id: string;
  readonly actor_name: string;
  readonly action: string;
  /** Target and detail. */
  readonly searched_text: string;
  readonly request_id: string;
}

export interface RecordRow extends EventColumns {
  readonly sequence: number;
  readonly log_index: number;
  /** Encoded; what is hashed. */
  readonly event: Uint8Array;
  readonly previous_hash: Uint8Array;
  readonly hash: Uint8Array;
}

export function columnsOf(event: AuditEvent): EventColumns {
  return {
    id: event.id,
    at_ms: event.atMs,
    level: event.level,
    component: event.component,
    node_id: event.nodeId,
    actor_id: event.actorId,
    actor_name: event.actorName,
    action: event.action,
    searched_text: searchedText(event),
    request_id: event.requestId,
  };
}

export function recordFromRow(row: RecordRow): AuditRecord {
  return {
    sequence: row.sequence,
    event: AuditEvent.decode(row.event),
    previousHash: row.previous_hash,
    hash: row.hash,
    logIndex: row.log_index,
  };
}

/** What a text filter looks at; ASCII letters in lower case. */
export function searchedText(event: AuditEvent): string {
  return asciiLower(`${event.target}\n${event.detailJson}`);
}

export function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
