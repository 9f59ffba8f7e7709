import { Icon } from '../../components/icon.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';

/** Says when what is on the screen is not the whole truth, and shows that something is being loaded. */
export function AgendaNotice() {
  const { calendar, shared } = useAgenda();
  const own = useStore(calendar.state);
  const others = useStore(shared.state);
  const source = others.whose.kind === 'own' ? calendar : shared;
  const { loading, loadError, stale, truncated } = others.whose.kind === 'own' ? own : others;
  const text = noticeText(loadError, stale, truncated);
  return (
    <div className="banner-place" role="status" data-testid="agenda-notice">
      <div className={loading ? 'progress progress-on' : 'progress'} aria-hidden="true" />
      {text !== null && (
        <div className="banner">
          <Icon name="info" />
          <p>{text}</p>
          {(loadError !== null || stale) && (
            <button type="button" className="button button-small" onClick={() => void source.reload()}>
              Load again
            </button>
          )}
        </div>
      )}
    </div>
  );
}

function noticeText(loadError: string | null, stale: boolean, truncated: boolean): string | null {
  if (loadError !== null) return `The agenda could not be loaded. ${loadError}`;
  if (stale) return 'The servers have no leader at the moment: the newest changes may be missing here.';
  if (truncated) return 'There is more in this range than can be shown. Choose a shorter one.';
  return null;
}
