import type { AgendaItem } from '../../api/types.ts';
import { LOCALE } from '../../locale.ts';
import { formatSpan } from '../calendar/zoned-time.ts';
import type { SearchState } from './search-store.ts';

interface SearchResultsProps {
  readonly state: SearchState;
  readonly timeZone: string;
  readonly onChoose: (item: AgendaItem) => void;
  readonly onMore: () => void;
}

export function SearchResults({ state, timeZone, onChoose, onMore }: SearchResultsProps) {
  const { found, nextCursor, loading } = state;
  const nowMs = Date.now();
  return (
    <div className="search-results" aria-busy={loading}>
      <p className="search-said" role="status" data-testid="search-said">
        {said(state)}
      </p>
      {found !== null && found.length > 0 && (
        <ul className="rows" data-testid="search-results">
          {found.map((item) => (
            <li key={item.id}>
              <button type="button" className="row row-button" onClick={() => onChoose(item)}>
                <span className="row-main">
                  <strong>{item.title}</strong>
                  <span>{formatSpan(item, timeZone, LOCALE, nowMs)}</span>
                  {aside(item) !== '' && <span className="row-faint">{aside(item)}</span>}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {nextCursor !== null && (
        <button
          type="button"
          className="button button-quiet button-wide"
          disabled={loading}
          onClick={onMore}
          data-testid="search-more"
        >
          Earlier ones
        </button>
      )}
    </div>
  );
}

function said({ words, found, loading, error, nextCursor }: SearchState): string {
  if (error !== null) return error;
  if (words.trim() === '') return 'Beginnings of words are enough: “den lis” finds “Dentist in Lisbon”.';
  if (found === null) return loading ? 'Searching…' : '';
  if (found.length === 0) return loading ? 'Searching…' : `Nothing with “${words.trim()}”.`;
  if (nextCursor !== null) return `More than ${found.length} appointments, the latest first`;
  return found.length === 1 ? '1 appointment' : `${found.length} appointments, the latest first`;
}

function aside({ location, recurrence }: AgendaItem): string {
  return [recurrence === null ? '' : 'repeats; this is its first time', location].filter(Boolean).join(' · ');
}
