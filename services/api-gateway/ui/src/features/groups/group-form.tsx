import { useState } from 'react';
import type { Group, GroupChange, GroupKind } from '../../api/groups-api.ts';
import { ApiError, explain, fieldMessage } from '../../api/problem.ts';
import { DialogForm } from '../../components/dialog-form.tsx';
import { Field } from '../../components/field.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useSubmit } from '../../components/use-submit.ts';
import { useAgenda } from '../../use-agenda.ts';
import { DESCRIPTION_CHARACTERS_MAX, KINDS, NAME_CHARACTERS_MAX } from './group-rules.ts';

interface GroupFormProps {
  /** Null: a new one. */
  readonly group: Group | null;
  readonly onDone: (group: { readonly id: string }) => void;
  readonly onCancel: () => void;
}

/** Name, description and, while it is new, the kind of a group. */
export function GroupForm({ group, onDone, onCancel }: GroupFormProps) {
  const { groups } = useAgenda();
  const submit = useSubmit();
  // What the form was filled from: a change is what differs from it, and is based on its version.
  const [base, setBase] = useState(group);
  const [name, setName] = useState(group?.name ?? '');
  const [description, setDescription] = useState(group?.description ?? '');
  const [kind, setKind] = useState<GroupKind>('non_hierarchical');

  const save = async () => {
    const fields = { name: name.trim(), description: description.trim() };
    let done: { readonly id: string } | null = base;
    const saved = await submit.run({ fields, kind, version: base?.version ?? null }, async (key) => {
      if (base === null) done = await groups.create({ ...fields, kind }, key);
      else await update(base, changed(base, fields), key);
    });
    if (saved && done !== null) onDone(done);
  };

  const update = async (before: Group, change: GroupChange, key: string) => {
    if (Object.keys(change).length === 0) return;
    await groups.update(before.id, before.version, change, key).catch((error) => {
      setBase(groups.find(before.id) ?? before);
      throw error;
    });
  };

  const error = (field: string) => fieldMessage(submit.failure, field);
  return (
    <DialogForm
      busy={submit.busy}
      error={submit.failure === null ? null : failureText(submit.failure, base)}
      saveLabel={base === null ? 'Create group' : 'Save'}
      saveTestId="group-save"
      onSubmit={save}
      onCancel={onCancel}
    >
      <TextField
        label="Name"
        first
        testId="group-name"
        error={error('name')}
        required
        maxLength={NAME_CHARACTERS_MAX}
        value={name}
        onText={setName}
      />
      <Field label="Description" optional error={error('description')}>
        {(control) => (
          <textarea
            {...control}
            rows={2}
            maxLength={DESCRIPTION_CHARACTERS_MAX}
            value={description}
            onChange={(event) => setDescription(event.target.value)}
            data-testid="group-description"
          />
        )}
      </Field>
      {base === null && <KindChoice kind={kind} onChange={setKind} />}
    </DialogForm>
  );
}

function KindChoice({ kind, onChange }: { kind: GroupKind; onChange: (kind: GroupKind) => void }) {
  return (
    <fieldset className="plain choices">
      <legend>How it works (cannot be changed later)</legend>
      {KINDS.map((choice) => (
        <label key={choice.kind} className="choice">
          <input
            type="radio"
            name="group-kind"
            checked={choice.kind === kind}
            onChange={() => onChange(choice.kind)}
            data-testid={`kind-${choice.kind}`}
          />
          <span>
            <strong>{choice.name}</strong>
            <span className="choice-means">{choice.means}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** Only what differs, so that two people's changes of different fields do not undo each other. */
function changed(before: Group, { name, description }: Pick<Group, 'name' | 'description'>): GroupChange {
  return {
    ...(name === before.name ? {} : { name }),
    ...(description === before.description ? {} : { description }),
  };
}

function failureText(failure: unknown, base: Group | null): string {
  if (failure instanceof ApiError && failure.code === 'version_mismatch' && base !== null)
    return `The group was changed somewhere else in the meantime, and is called “${base.name}” now. Save again to put what stands here in its place.`;
  return explain(failure);
}
