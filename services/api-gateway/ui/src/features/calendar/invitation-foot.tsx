import type { InvitationAnswer, ParticipantStatus } from '../../api/types.ts';

interface InvitationFootProps {
  /** What was answered before. */
  readonly answered: ParticipantStatus | null;
  readonly busy: boolean;
  /** The last try was refused because of a conflict. */
  readonly inTheWay: boolean;
  readonly onAnswer: (answer: InvitationAnswer, anyway: boolean) => void;
  readonly onClose: () => void;
}

/** For who is invited: come, perhaps, or not. An answer may be changed. */
export function InvitationFoot({ answered, busy, inTheWay, onAnswer, onClose }: InvitationFootProps) {
  return (
    <footer className="dialog-foot">
      <button type="button" className="button button-quiet dialog-foot-start" onClick={onClose}>
        Close
      </button>
      <button
        type="button"
        className="button"
        disabled={busy || answered === 'declined'}
        onClick={() => onAnswer('reject', false)}
        data-testid="answer-reject"
      >
        Decline
      </button>
      <button
        type="button"
        className="button"
        disabled={busy || answered === 'tentative'}
        onClick={() => onAnswer('tentative', false)}
        data-testid="answer-tentative"
      >
        Maybe
      </button>
      <button
        type="button"
        className="button button-primary"
        disabled={busy || answered === 'accepted'}
        onClick={() => onAnswer('accept', inTheWay)}
        data-testid="answer-accept"
      >
        {inTheWay ? 'Accept anyway' : 'Accept'}
      </button>
    </footer>
  );
}
