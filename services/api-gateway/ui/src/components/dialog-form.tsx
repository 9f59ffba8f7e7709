import type { FormEvent, ReactNode } from 'react';
import { FormError } from './form-error.tsx';

interface DialogFormProps {
  readonly busy: boolean;
  readonly error: ReactNode;
  readonly saveLabel: string;
  readonly saveTestId: string;
  /** While it is being done; “Saving…” unless it says otherwise. */
  readonly busyLabel?: string;
  /** What it does cannot be taken back. */
  readonly danger?: boolean;
  readonly onSubmit: () => void;
  readonly onCancel: () => void;
  readonly children: ReactNode;
}

/** A form inside of a dialog: fields, what went wrong, Cancel and one action. */
export function DialogForm(props: DialogFormProps) {
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    props.onSubmit();
  };
  return (
    <form className="dialog-form" onSubmit={onSubmit} aria-busy={props.busy}>
      <div className="dialog-body form">{props.children}</div>
      <div className="dialog-message">
        <FormError>{props.error}</FormError>
      </div>
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={props.onCancel}>
          Cancel
        </button>
        <button
          type="submit"
          className={`button ${props.danger ? 'button-danger' : 'button-primary'}`}
          disabled={props.busy}
          data-testid={props.saveTestId}
        >
          {props.busy ? (props.busyLabel ?? 'Saving…') : props.saveLabel}
        </button>
      </footer>
    </form>
  );
}
