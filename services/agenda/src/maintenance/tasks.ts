/** The tasks of the leader's agenda. Each turn proposes a bounded piece; what it did is seen in the next. */
import type { CommandResult } from '@agenda/proto/agenda/v1/command';
import { expand, type Series } from '../calendar/expansion.ts';
import { EXTENDED_AHEAD_MS, horizonOf, SERIES_ENDED_MS } from '../calendar/horizon.ts';
import type { DueWork } from '../queries/due-work.ts';
import type { SeriesQueries, StoredSeries } from '../queries/series.ts';
import { TRASH_MS } from '../state-machine/bounds.ts';
import type { CommandBody } from '../state-machine/feature-level.ts';
import { REMINDERS_PER_COMMAND_MAX } from '../state-machine/reminders.ts';
import type { Task } from './maintenance.ts';

const HOUR_MS = 3_600_000;
/** Series that one turn looks at, and occurrences that one command adds: times its participants they are entries. */
const SERIES_PER_TURN_MAX = 20;
const OCCURRENCES_PER_COMMAND_MAX = 100;
/** Appointments that one command deletes for good. */
const PURGED_PER_COMMAND_MAX = 200;

export interface TaskParts {
  readonly queries: {
    readonly dueWork: Pick<DueWork, 'reminders' | 'hasDeletedBefore'>;
    readonly series: Pick<SeriesQueries, 'short'>;
  };
  /** @throws ServiceError as Proposer.propose, and if apply refuses it. */
  readonly propose: (body: CommandBody) => Promise<CommandResult>;
}

export function maintenanceTasks(parts: TaskParts): Task[] {
  return [reminderTask(parts), extensionTask(parts), purgeTask(parts)];
}

function reminderTask({ queries, propose }: TaskParts): Task {
  return {
    name: 'reminders',
    restMs: 0,
    run: async (nowMs) => {
      const due = queries.dueWork.reminders(nowMs, REMINDERS_PER_COMMAND_MAX);
      if (due.length === 0) return false;
      await propose({ $case: 'fireReminders', value: { due } });
      return due.length === REMINDERS_PER_COMMAND_MAX;
    },
  };
}

function extensionTask({ queries, propose }: TaskParts): Task {
  return {
    name: 'series extension',
    restMs: HOUR_MS,
    run: async (nowMs) => {
      const short = queries.series.short(nowMs + EXTENDED_AHEAD_MS, SERIES_PER_TURN_MAX);
      for (const one of short) await propose({ $case: 'extendSeries', value: { ...stretchOf(one, nowMs) } });
      return short.length === SERIES_PER_TURN_MAX;
    },
  };
}

/** What follows on what is expanded. A rule that can no longer be followed ends. */
function stretchOf(short: StoredSeries, nowMs: number) {
  const { appointmentId, version, expandedUntilMs, startMs, recurrence } = short;
  const series: Series = {
    ...short,
    rule: recurrence.rule,
    addedMs: recurrence.addedMs,
    excludedMs: recurrence.excludedMs,
  };
  const expansion = expand(series, {
    fromMs: expandedUntilMs,
    untilMs: horizonOf(startMs, nowMs),
    max: OCCURRENCES_PER_COMMAND_MAX,
    cut: true,
  });
  const ended = 'problem' in expansion || expansion.value.ended;
  return {
    appointmentId,
    version,
    expandedFromMs: expandedUntilMs,
    occurrences: 'problem' in expansion ? [] : [...expansion.value.spans],
    expandedUntilMs: ended ? SERIES_ENDED_MS : expansion.value.untilMs,
  };
}

function purgeTask({ queries, propose }: TaskParts): Task {
  return {
    name: 'purge of the trash',
    restMs: HOUR_MS,
    run: async (nowMs) => {
      const deletedBeforeMs = nowMs - TRASH_MS;
      if (!queries.dueWork.hasDeletedBefore(deletedBeforeMs)) return false;
      await propose({ $case: 'purgeDeleted', value: { deletedBeforeMs, limit: PURGED_PER_COMMAND_MAX } });
      return true;
    },
  };
}
