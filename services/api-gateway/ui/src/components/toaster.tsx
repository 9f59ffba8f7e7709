import type { Toasts } from '../toasts.ts';
import { useStore } from '../use-agenda.ts';
import { Icon } from './icon.tsx';

export function Toaster({ toasts }: { toasts: Toasts }) {
  const shown = useStore(toasts.state);
  return (
    <div className="toaster" aria-live="polite" aria-relevant="additions" data-testid="toasts">
      {shown.map((toast) => (
        <div
          key={toast.id}
          className={`toast toast-${toast.tone}`}
          {...(toast.tone === 'error' ? { role: 'alert' } : {})}
        >
          <Icon name={toast.tone === 'error' ? 'warning' : 'info'} />
          <p>{toast.text}</p>
          <button
            type="button"
            className="button button-icon"
            aria-label="Dismiss"
            onClick={() => toasts.dismiss(toast.id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
