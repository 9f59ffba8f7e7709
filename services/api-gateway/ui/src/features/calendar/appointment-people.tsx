import type { Appointment, ParticipantStatus } from '../../api/types.ts';

export const SAID: Readonly<Record<ParticipantStatus, string>> = {
  pending: 'not answered yet',
  accepted: 'comes',
  auto: 'comes',
  tentative: 'may come',
  declined: 'does not come',
};

/** Who is asked, and what they said. */
export function AppointmentPeople({ appointment }: { readonly appointment: Appointment }) {
  if (appointment.participants.length === 0) return null;
  return (
    <section aria-label="People">
      <h3 className="people-title">People</h3>
      <ul className="people" data-testid="people">
        {appointment.participants.map(({ userId, displayName, username, optional, status }) => (
          <li key={userId}>
            <span>
              {displayName || username}
              {optional && ' (optional)'}
            </span>
            <span className="people-said">{SAID[status]}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
