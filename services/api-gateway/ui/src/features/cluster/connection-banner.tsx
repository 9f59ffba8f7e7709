import { useEffect, useState } from 'react';
import { Icon } from '../../components/icon.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';

/** A pause as short as this is not worth a word. */
const SHOW_AFTER_MS = 1_200;

/** Says that the pod is gone for now. What was loaded stays on the screen. */
export function ConnectionBanner() {
  const { live, cluster } = useAgenda();
  const status = useStore(live.status);
  const { reachable } = useStore(cluster.state);
  const away = status === 'offline' || (status === 'connecting' && !reachable);
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!away) {
      setShown(false);
      return;
    }
    const timer = setTimeout(() => setShown(true), SHOW_AFTER_MS);
    return () => clearTimeout(timer);
  }, [away]);
  return (
    <div className="banner-place" role="status" data-testid="connection-banner">
      {shown && (
        <div className="banner banner-warning">
          <Icon name="warning" />
          <p>
            <strong>Reconnecting…</strong> The server does not answer. You can go on reading; changes can be
            saved when it is back.
          </p>
          <button type="button" className="button button-small" onClick={() => live.retryNow()}>
            Try now
          </button>
        </div>
      )}
    </div>
  );
}
