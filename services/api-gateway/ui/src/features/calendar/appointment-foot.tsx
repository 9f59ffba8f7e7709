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
  if (!props.mayEdit) {
    return (
      <footer className="dialog-foot">
        <button type="button" className="button" onClick={props.onClose}>
          Close
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
          onClick={props.onDelete}
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

interface DeleteFootProps {
  readonly busy: boolean;
  readonly onDelete: () => void;
  readonly onBack: () => void;
}

/** Of what takes place once; of what repeats it is asked which. */
export function DeleteFoot({ busy, onDelete, onBack }: DeleteFootProps) {
  return (
    <footer className="dialog-foot">
      <p className="dialog-foot-question" role="alert">
        Delete this appointment?
      </p>
      <button type="button" className="button" onClick={onBack}>
        Keep it
      </button>
      <button
        type="button"
        className="button button-danger"
        disabled={busy}
        onClick={onDelete}
        data-testid="confirm-delete"
      >
        {busy ? 'Deleting…' : 'Delete'}
      </button>
    </footer>
  );
}
