import type { Group } from '../../api/groups-api.ts';
import { Field } from '../../components/field.tsx';

interface WhoseFieldProps {
  readonly groups: readonly Group[];
  /** Null: one's own agenda. */
  readonly groupId: string | null;
  readonly onChange: (groupId: string | null) => void;
  readonly hint?: string;
}

/** One's own agenda, or that of a group. */
export function WhoseField({ groups, groupId, onChange, hint }: WhoseFieldProps) {
  return (
    <Field label="Whose agenda" hint={hint}>
      {(control) => (
        <select
          {...control}
          value={groupId ?? ''}
          onChange={(event) => onChange(event.target.value || null)}
          data-testid="calendars-whose"
        >
          <option value="">My agenda</option>
          {groups.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
