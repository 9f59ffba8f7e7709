import { type ReactNode, useId, useLayoutEffect, useRef } from 'react';
import { Icon } from './icon.tsx';

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  /** To what was shown in it before. */
  readonly onBack?: (() => void) | undefined;
  /** Names what it shows; another view takes the focus. */
  readonly view?: string;
  readonly children: ReactNode;
  readonly testId?: string;
}

/**
 * A modal dialog; on a phone, a sheet from below. The browser's own <dialog> keeps the focus inside, closes on Escape
 * and gives the focus back.
 */
export function Dialog({ title, onClose, onBack, view = '', children, testId }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    element.showModal();
    return () => element.close();
  }, []);
  const firstView = useRef(view);
  useLayoutEffect(() => {
    const first = dialog.current?.querySelector<HTMLElement>('[data-autofocus]');
    if (first) first.focus();
    else if (view !== firstView.current) dialog.current?.querySelector('h2')?.focus();
  }, [view]);
  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={titleId}
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header className="dialog-head">
        {onBack && (
          <button
            type="button"
            className="button button-icon dialog-back"
            aria-label="Back"
            onClick={onBack}
            data-testid="dialog-back"
          >
            <Icon name="left" />
          </button>
        )}
        <h2 id={titleId} tabIndex={-1}>
          {title}
        </h2>
        <button type="button" className="button button-icon" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}
