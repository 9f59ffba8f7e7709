import type { ConflictingAppointment } from '../../api/types.ts';
import { LOCALE } from '../../locale.ts';
import { formatSpan } from './zoned-time.ts';

interface ConflictListProps {
  readonly conflicts: readonly ConflictingAppointment[];
  readonly timeZone: string;
}

/** What is in the way. */
export function ConflictList({ conflicts, timeZone }: ConflictListProps) {
  return (
    <ul className="conflicts" data-testid="conflicts">
      {conflicts.map((conflict) => (
        <li key={`${conflict.appointmentId}@${conflict.start}`}>
          <strong>{conflict.title || 'Busy'}</strong>
          <span>{formatSpan({ ...conflict, allDay: false, timeZone }, timeZone, LOCALE)}</span>
        </li>
      ))}
    </ul>
  );
}
