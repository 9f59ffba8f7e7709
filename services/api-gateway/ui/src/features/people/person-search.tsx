import { type KeyboardEvent, type Ref, useEffect, useId, useState } from 'react';
import { nameOf, type Person } from '../../api/people-api.ts';
import type { FieldControl } from '../../components/field.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { PeopleSearch, type PeopleSearchState, QUERY_CHARACTERS_MAX } from './people-search.ts';

interface PersonSearchProps {
  readonly ref?: Ref<HTMLInputElement>;
  /** Ties it to its label; see Field. */
  readonly control: FieldControl;
  readonly testId: string;
  readonly placeholder?: string;
  /** Takes the focus when its dialog opens. */
  readonly first?: boolean;
  /** Why one who was found cannot be chosen (again); undefined: can be. */
  readonly unavailable?: (person: Person) => string | undefined;
  readonly onChoose: (person: Person) => void;
  /** Backspace where nothing stands. */
  readonly onBackspace?: () => void;
}

/**
 * A line to type a name in, and under it who begins so (the combobox pattern of the ARIA authoring practices, with a
 * list that proposes its first one). The list stands in the flow: a dialog would cut off what hangs over its edge.
 */
export function PersonSearch(props: PersonSearchProps) {
  const { people } = useAgenda();
  const [search] = useState(
    () =>
      new PeopleSearch({
        find: (query, limit, options) => people.find(query, limit, options),
        wait: (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs)),
      }),
  );
  useEffect(() => search.stop, [search]);
  const state = useStore(search.state);
  const listId = useId();
  const options = state.people.map((person) => ({ person, why: props.unavailable?.(person) }));
  const free = options.flatMap(({ why }, at) => (why === undefined ? [at] : []));
  const [wanted, setWanted] = useState(0);
  const active = free.includes(wanted) ? wanted : (free[0] ?? -1);
  const open = options.length > 0;

  const type = (text: string) => {
    setWanted(0);
    search.type(text);
  };
  const choose = (person: Person) => {
    type('');
    props.onChoose(person);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const step = STEPS[event.key];
    if (step !== undefined && free.length > 0) setWanted(neighbour(free, active, step));
    else if (event.key === 'Enter' && state.text !== '') {
      const person = state.phase === 'found' ? options[active]?.person : undefined;
      if (person !== undefined) choose(person);
    } else if (event.key === 'Escape' && state.text !== '') type('');
    else if (event.key === 'Backspace' && state.text === '') return props.onBackspace?.();
    else return;
    event.preventDefault();
  };

  return (
    <div className="person-search">
      <input
        ref={props.ref}
        {...props.control}
        {...(props.first ? { 'data-autofocus': true } : {})}
        type="text"
        role="combobox"
        aria-autocomplete="list"
        aria-expanded={open}
        aria-controls={listId}
        aria-activedescendant={open && active >= 0 ? optionId(listId, active) : undefined}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        maxLength={QUERY_CHARACTERS_MAX}
        placeholder={props.placeholder ?? 'Type a name'}
        data-testid={props.testId}
        value={state.text}
        onChange={(event) => type(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <div id={listId} role="listbox" aria-label="People found" className="found" hidden={!open}>
        {options.map(({ person, why }, at) => (
          <FoundPerson
            key={person.id}
            id={optionId(listId, at)}
            person={person}
            why={why}
            active={at === active}
            onChoose={choose}
          />
        ))}
      </div>
      <p className="found-note" role="status">
        {noteOf(state)}
      </p>
    </div>
  );
}

interface FoundPersonProps {
  readonly id: string;
  readonly person: Person;
  readonly why: string | undefined;
  readonly active: boolean;
  readonly onChoose: (person: Person) => void;
}

function FoundPerson({ id, person, why, active, onChoose }: FoundPersonProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard stays in the combobox, which handles it
    // biome-ignore lint/a11y/useFocusableInteractive: aria-activedescendant points to it
    <div
      id={id}
      role="option"
      aria-selected={active}
      aria-disabled={why !== undefined}
      ref={active ? scrollIntoSight : null}
      className="found-person"
      data-testid="found-person"
      onMouseDown={keepFocus}
      onClick={why === undefined ? () => onChoose(person) : undefined}
    >
      <span className="found-name">{nameOf(person)}</span>
      <span className="found-aside">{why ?? person.username}</span>
    </div>
  );
}

const STEPS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, ArrowUp: -1 };

function neighbour(free: readonly number[], active: number, step: 1 | -1): number {
  const at = free.indexOf(active) + step;
  return free[(at + free.length) % free.length] ?? 0;
}

function optionId(listId: string, at: number): string {
  return `${listId}-${at}`;
}

function scrollIntoSight(element: HTMLElement | null): void {
  element?.scrollIntoView({ block: 'nearest' });
}

function keepFocus(event: { preventDefault: () => void }): void {
  event.preventDefault();
}

function noteOf({ phase, people, more, error }: PeopleSearchState): string {
  if (phase === 'failed') return error ?? '';
  if (phase === 'searching') return people.length === 0 ? 'Searching…' : '';
  if (phase !== 'found') return '';
  if (people.length === 0) return 'Nobody is called so. User names and each word of a name are searched.';
  return more ? 'There are more: type more of the name.' : '';
}
