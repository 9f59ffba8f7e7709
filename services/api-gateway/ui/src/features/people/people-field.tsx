import { useRef } from 'react';
import { nameOf, type Person } from '../../api/people-api.ts';
import { Field } from '../../components/field.tsx';
import { Icon } from '../../components/icon.tsx';
import { PersonSearch } from './person-search.tsx';

interface PeopleFieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly optional?: boolean;
  readonly testId: string;
  readonly first?: boolean;
  /** Who was chosen, in the order of choice. */
  readonly value: readonly Person[];
  readonly onChange: (people: readonly Person[]) => void;
  /** No more than these can be chosen. */
  readonly peopleMax: number;
  /** Why one who was found cannot be chosen; who was chosen already is said by the field. */
  readonly unavailable?: (person: Person) => string | undefined;
}

/** Chooses people by name: each one chosen stands as a chip that can be taken away again. */
export function PeopleField(props: PeopleFieldProps) {
  const { value, onChange, peopleMax } = props;
  const input = useRef<HTMLInputElement>(null);
  const remove = (id: string) => {
    onChange(value.filter((person) => person.id !== id));
    input.current?.focus();
  };
  const unavailable = (person: Person) => {
    if (value.some(({ id }) => id === person.id)) return 'chosen';
    if (value.length >= peopleMax) return `no more than ${peopleMax}`;
    return props.unavailable?.(person);
  };
  return (
    <Field label={props.label} hint={props.hint} error={props.error} optional={props.optional ?? false}>
      {(control) => (
        <div className="people-field">
          {value.length > 0 && (
            <ul className="chips" aria-label={`Chosen: ${props.label}`}>
              {value.map((person) => (
                <li key={person.id} className="chip" data-testid={`${props.testId}-chosen`}>
                  <span title={person.username}>{nameOf(person)}</span>
                  <button
                    type="button"
                    aria-label={`Take away ${nameOf(person)}`}
                    onClick={() => remove(person.id)}
                  >
                    <Icon name="close" />
                  </button>
                </li>
              ))}
            </ul>
          )}
          <PersonSearch
            ref={input}
            control={control}
            testId={props.testId}
            first={props.first ?? false}
            unavailable={unavailable}
            onChoose={(person) => onChange([...value, person])}
            onBackspace={() => onChange(value.slice(0, -1))}
          />
        </div>
      )}
    </Field>
  );
}
