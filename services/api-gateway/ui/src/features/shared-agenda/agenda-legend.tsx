import { nameOf } from '../../api/people-api.ts';
import { Icon } from '../../components/icon.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { colorsOf, type ShownPerson } from './shared-entries.ts';

/** While the agendas of others are shown: whose they are, and in which colour. */
export function AgendaLegend({ viewerId }: { viewerId: string }) {
  const { shared } = useAgenda();
  const { whose, people, hidden } = useStore(shared.state);
  if (whose.kind === 'own') return null;
  const colors = colorsOf(people, viewerId);
  return (
    <section className="legend" aria-label="Whose agenda is shown" data-testid="legend">
      {whose.kind === 'person' ? (
        <p className="legend-text">
          The agenda of <strong>{nameOf(whose.person)}</strong>, to look at. What is private shows as “Busy”.
        </p>
      ) : (
        <ul className="legend-people">
          {people.map((person) => (
            <li key={person.userId}>
              <LegendPerson
                person={person}
                you={person.userId === viewerId}
                color={colors.get(person.userId) ?? ''}
                shown={!hidden.has(person.userId)}
                onToggle={() => shared.toggle(person.userId)}
              />
            </li>
          ))}
        </ul>
      )}
      <button
        type="button"
        className="button button-small legend-back"
        onClick={() => shared.showOwn()}
        data-testid="show-own"
      >
        My agenda
      </button>
    </section>
  );
}

interface LegendPersonProps {
  readonly person: ShownPerson;
  readonly you: boolean;
  readonly color: string;
  readonly shown: boolean;
  readonly onToggle: () => void;
}

/** Shows or hides what stands in one person's agenda. */
function LegendPerson({ person, you, color, shown, onToggle }: LegendPersonProps) {
  return (
    <button
      type="button"
      className="legend-person"
      aria-pressed={shown}
      title={shown ? 'Hide' : 'Show'}
      onClick={onToggle}
      data-testid="legend-person"
    >
      <span className="legend-dot" style={{ '--dot': color } as React.CSSProperties} aria-hidden="true">
        {shown && <Icon name="check" />}
      </span>
      {nameOf(person)}
      {you && ' (you)'}
    </button>
  );
}
