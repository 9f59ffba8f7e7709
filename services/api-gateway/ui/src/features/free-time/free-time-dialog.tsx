import '../../styles/free-time.css';
import { useEffect, useState } from 'react';
import type { FreeSlot } from '../../api/free-time-api.ts';
import type { Person } from '../../api/people-api.ts';
import type { User } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { DialogForm } from '../../components/dialog-form.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { withOptional } from './busy-people.ts';
import { FreeTimeFields } from './free-time-fields.tsx';
import {
  checkFreeTime,
  type FreeTimeErrors,
  type FreeTimeForm,
  fromToday,
  newFreeTimeForm,
} from './free-time-form.ts';
import { failureText } from './free-time-words.ts';
import { SlotList } from './slot-list.tsx';

interface FreeTimeDialogProps {
  readonly user: User;
  /** What a time is looked for; null: what was looked for last. */
  readonly start: FreeTimeForm | null;
  readonly onChoose: (slot: FreeSlot, form: FreeTimeForm) => void;
  readonly onClose: () => void;
}

/** Asks who is to meet, for how long and when, and shows the times at which they could. */
export function FreeTimeDialog({ user, start, onChoose, onClose }: FreeTimeDialogProps) {
  const { freeTime, groups } = useAgenda();
  const state = useStore(freeTime.state);
  const { groups: mine } = useStore(groups.state);
  const [form, setForm] = useState(() => start ?? formToBegin(state.form, user.timeZone));
  const [errors, setErrors] = useState<FreeTimeErrors>({});
  useEffect(() => () => freeTime.forget(), [freeTime]);
  // What was asked before this form was changed says nothing about it.
  const { asking, slots, busiest, failure } = state.form === form ? state : UNASKED;

  const change = (next: FreeTimeForm) => {
    setForm(next);
    setErrors({});
  };
  const ask = () => {
    const found = checkFreeTime(form, Date.now(), user.timeZone);
    setErrors(found);
    if (Object.keys(found).length === 0) void freeTime.ask(form, user);
  };
  const askWithout = (person: Person) => {
    const next = withOptional(form, person);
    setForm(next);
    void freeTime.ask(next, user);
  };
  const again = () => freeTime.forget();
  return (
    <Dialog
      title={slots === null ? 'Find a time' : 'Times to meet'}
      view={slots === null ? 'question' : 'answer'}
      onBack={slots === null ? undefined : again}
      onClose={onClose}
      testId="free-time-dialog"
    >
      {slots === null ? (
        <DialogForm
          busy={asking}
          busyLabel="Looking…"
          error={failure !== null && failureText(failure, form)}
          saveLabel="Find times"
          saveTestId="free-time-ask"
          onSubmit={ask}
          onCancel={onClose}
        >
          <FreeTimeFields form={form} errors={errors} groups={mine} viewerId={user.id} onChange={change} />
        </DialogForm>
      ) : (
        <SlotList
          slots={slots}
          busiest={busiest}
          form={form}
          group={mine.find(({ id }) => id === form.groupId)}
          timeZone={user.timeZone}
          onChoose={(slot) => onChoose(slot, form)}
          onAgain={again}
          onWithout={askWithout}
        />
      )}
    </Dialog>
  );
}

const UNASKED = { asking: false, slots: null, busiest: [], failure: null };

function formToBegin(last: FreeTimeForm | null, timeZone: string): FreeTimeForm {
  const nowMs = Date.now();
  return last === null ? newFreeTimeForm(nowMs, timeZone) : fromToday(last, nowMs, timeZone);
}
