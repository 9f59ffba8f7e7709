import { type KeyboardEvent, useEffect, useRef } from 'react';
import type { AgendaItem } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { Icon } from '../../components/icon.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { SearchResults } from './search-results.tsx';
import { WORDS_CHARACTERS_MAX } from './search-store.ts';

interface SearchDialogProps {
  readonly timeZone: string;
  readonly onChoose: (item: AgendaItem) => void;
  readonly onClose: () => void;
}

/** Words, and the appointments that have them. The arrow keys go from the words to the list and through it. */
export function SearchDialog({ timeZone, onChoose, onClose }: SearchDialogProps) {
  const { search } = useAgenda();
  const state = useStore(search.state);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    search.refresh();
    field.current?.select();
  }, [search]);
  return (
    <Dialog title="Search" onClose={onClose} testId="search-dialog">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: only hears the arrow keys of what is in it. */}
      <div className="search" onKeyDown={moveThroughResults}>
        <label className="search-field">
          <Icon name="search" />
          <span className="visually-hidden">Words of the title, place or description</span>
          <input
            ref={field}
            type="text"
            inputMode="search"
            placeholder="Title, place or description"
            autoComplete="off"
            enterKeyHint="search"
            maxLength={WORDS_CHARACTERS_MAX}
            data-autofocus
            data-testid="search-words"
            value={state.words}
            onChange={(event) => search.type(event.target.value)}
          />
        </label>
        <SearchResults
          state={state}
          timeZone={timeZone}
          onChoose={onChoose}
          onMore={() => void search.loadMore()}
        />
      </div>
    </Dialog>
  );
}

function moveThroughResults(event: KeyboardEvent<HTMLElement>): void {
  const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
  const step = steps[event.key];
  if (step === undefined) return;
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('input, .search-results button')];
  const next = stops[stops.indexOf(document.activeElement as HTMLElement) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
