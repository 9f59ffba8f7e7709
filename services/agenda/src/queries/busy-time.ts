/** When people are busy, and nothing of why. */
import type { Span } from '@agenda/proto/agenda/v1/model';
import type { Database } from 'better-sqlite3';
import { TAKING_STATUSES } from '../state-machine/agenda-entries.ts';
import { overlapQuery } from '../state-machine/spans.ts';

interface Range {
  readonly personId: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export class BusyTime {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(db: Database) {
    this.#statements = prepare(db);
  }

  /** What takes the person's time within [fromMs, toMs): merged, ordered, cut at the ends of the range. */
  of(personId: string, fromMs: number, toMs: number): Span[] {
    return mergeSpans(
      this.#statements.taken.all({ personId, fromMs, toMs }).map(({ startMs, endMs }) => ({
        startMs: Math.max(startMs, fromMs),
        endMs: Math.min(endMs, toMs),
      })),
    );
  }

  /** IANA name. Undefined: there is no such user. */
  timeZoneOf(userId: string): string | undefined {
    return this.#statements.timeZone.get(userId)?.time_zone;
  }
}

/** Touching ones become one. @param spans by start. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last && span.startMs <= last.endMs) last.endMs = Math.max(last.endMs, span.endMs);
    else merged.push({ ...span });
  }
  return merged;
}

function prepare(db: Database) {
  return {
    taken: db.prepare<[Range], Span>(
      `SELECT start_ms AS startMs, end_ms AS endMs
       FROM (${overlapQuery('e.start_ms, e.end_ms', `e.status IN (${TAKING_STATUSES.join(', ')})`)})
       ORDER BY start_ms`,
    ),
    timeZone: db.prepare<[string], { time_zone: string }>('SELECT time_zone FROM users WHERE id = ?'),
  };
}
