import { useState } from 'react';

interface AppointmentFootProps {
  readonly isNew: boolean;
  readonly mayEdit: boolean;
  readonly busy: boolean;
  /** The last try was refused because of a conflict. */
  readonly inTheWay: boolean;
  readonly onSaveAnyway: () => void;
  readonly onDelete: () => void;
  readonly onClose: () => void;
}

export function AppointmentFoot(props: AppointmentFootProps) {
  const [asking, setAsking] = useState(false);
  if (!props.mayEdit) {
    return (
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={props.onClose}>
          Close
        </button>
      </footer>
    );
  }
  if (asking) {
    return (
      <footer className="dialog-foot">
        <p className="dialog-foot-question" role="alert">
          Delete this appointment?
        </p>
        <button type="button" className="button" onClick={() => setAsking(false)}>
          Keep it
        </button>
        <button
          type="button"
          className="button button-danger"
          disabled={props.busy}
          onClick={props.onDelete}
          data-testid="confirm-delete"
        >
          {props.busy ? 'Deleting…' : 'Delete'}
        </button>
      </footer>
    );
  }
  return (
    <footer className="dialog-foot">
      {!props.isNew && (
        <button
          type="button"
          className="button button-quiet button-danger-quiet dialog-foot-start"
          onClick={() => setAsking(true)}
          data-testid="delete-appointment"
        >
          Delete
        </button>
      )}
      <button type="button" className="button" onClick={props.onClose}>
        Cancel
      </button>
      {props.inTheWay ? (
        <button
          type="button"
          className="button button-primary"
          disabled={props.busy}
          onClick={props.onSaveAnyway}
          data-testid="book-anyway"
        >
          {props.busy ? 'Saving…' : 'Book anyway'}
        </button>
      ) : (
        <button
          type="submit"
          className="button button-primary"
          disabled={props.busy}
          data-testid="save-appointment"
        >
          {props.busy ? 'Saving…' : 'Save'}
        </button>
      )}
    </footer>
  );
}
