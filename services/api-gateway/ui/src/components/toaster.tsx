import type { Toast, ToastAction, Toasts } from '../toasts.ts';
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
          {toast.action && <ToastButton toast={toast} action={toast.action} onDone={toasts.dismiss} />}
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

interface ToastButtonProps {
  readonly toast: Toast;
  readonly action: ToastAction;
  readonly onDone: (id: number) => void;
}

function ToastButton({ toast, action, onDone }: ToastButtonProps) {
  const run = () => {
    onDone(toast.id);
    action.run();
  };
  return (
    <button type="button" className="button button-small" onClick={run} data-testid="toast-action">
      {action.label}
    </button>
  );
}
