import { nameOf } from '../../api/people-api.ts';
import { useAgenda, useStore } from '../../use-agenda.ts';
import type { Whose } from './shared-agenda-store.ts';

const OWN = 'own';

/** Whose agenda is shown, and the others that can be. One person's is chosen from the members of a group. */
export function WhoseSelect() {
  const { groups, shared } = useAgenda();
  const { groups: mine } = useStore(groups.state);
  const { whose } = useStore(shared.state);
  const choose = (value: string) => {
    if (value === OWN) shared.showOwn();
    else if (value !== optionOf(whose)) shared.showGroup(value);
  };
  return (
    <select
      className="whose"
      aria-label="Whose agenda"
      value={optionOf(whose)}
      onChange={(event) => choose(event.target.value)}
      data-testid="whose"
    >
      <option value={OWN}>My agenda</option>
      {whose.kind === 'person' && <option value={optionOf(whose)}>{nameOf(whose.person)}</option>}
      {mine.length > 0 && (
        <optgroup label="Groups">
          {mine.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </optgroup>
      )}
    </select>
  );
}

function optionOf(whose: Whose): string {
  if (whose.kind === 'own') return OWN;
  return whose.kind === 'group' ? whose.groupId : `person ${whose.person.userId}`;
}

/** There is a choice. */
export function useWhoseChoice(): boolean {
  const { groups, shared } = useAgenda();
  const { groups: mine } = useStore(groups.state);
  const { whose } = useStore(shared.state);
  return mine.length > 0 || whose.kind !== 'own';
}
