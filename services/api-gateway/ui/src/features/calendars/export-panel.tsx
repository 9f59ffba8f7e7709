import { useState } from 'react';
import type { Group } from '../../api/groups-api.ts';
import { explain } from '../../api/problem.ts';
import type { User } from '../../api/types.ts';
import { FormError } from '../../components/form-error.tsx';
import { Icon } from '../../components/icon.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { addDays, toWallTime } from '../calendar/zoned-time.ts';
import { checkDays, type Days, fileNameOf, rangeOf } from './export-range.ts';
import { saveFile } from './save-file.ts';
import { WhoseField } from './whose-field.tsx';

const OFFERED_PAST_DAYS = 30;
const OFFERED_FUTURE_DAYS = 365;

interface ExportPanelProps {
  readonly user: User;
  readonly groups: readonly Group[];
}

/** Downloads an agenda as a calendar file. */
export function ExportPanel({ user, groups }: ExportPanelProps) {
  const { calendars } = useAgenda();
  const submit = useSubmit();
  const [groupId, setGroupId] = useState<string | null>(null);
  const [days, setDays] = useState<Days>(() => offeredDays(user.timeZone));
  const [asked, setAsked] = useState(false);
  const problem = asked ? checkDays(days) : undefined;
  const change = (part: Partial<Days>) => {
    setDays({ ...days, ...part });
    submit.clear();
  };
  const download = async () => {
    setAsked(true);
    const range = rangeOf(days, user.timeZone);
    if (range === null || checkDays(days) !== undefined) return;
    const group = groups.find(({ id }) => id === groupId);
    await submit.run({ range, groupId }, async () => {
      const ics = await calendars.exportFile(range, groupId);
      saveFile(fileNameOf(group?.name ?? 'agenda', days), ics, 'text/calendar');
    });
  };
  return (
    <>
      <div className="dialog-body form">
        <WhoseField groups={groups} groupId={groupId} onChange={setGroupId} />
        <div className="pair">
          <TextField
            label="First day"
            type="date"
            testId="export-first"
            value={days.first}
            onText={(first) => change({ first })}
          />
          <TextField
            label="Last day"
            type="date"
            testId="export-last"
            error={problem}
            value={days.last}
            onText={(last) => change({ last })}
          />
        </div>
        <FormError>{submit.failure === null ? null : explain(submit.failure)}</FormError>
      </div>
      <footer className="dialog-foot">
        <button
          type="button"
          className="button button-primary"
          disabled={submit.busy}
          onClick={() => void download()}
          data-testid="export-start"
        >
          <Icon name="download" />
          {submit.busy ? 'Preparing…' : 'Download .ics'}
        </button>
      </footer>
    </>
  );
}

function offeredDays(timeZone: string): Days {
  const today = toWallTime(Date.now(), timeZone).date;
  return { first: addDays(today, -OFFERED_PAST_DAYS), last: addDays(today, OFFERED_FUTURE_DAYS) };
}
