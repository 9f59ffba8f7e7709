/** Every path of the interface, in the order of the document. The router and the document are both made from it. */
import { accountEndpoints } from './accounts.ts';
import { agendaEndpoints } from './agenda.ts';
import { appointmentEndpoints } from './appointments.ts';
import { auditEndpoints } from './audit.ts';
import { calendarEndpoints } from './calendars.ts';
import { documentationEndpoints } from './documentation.ts';
import type { Endpoint } from './endpoint.ts';
import { freeTimeEndpoints } from './free-time.ts';
import { groupMemberEndpoints } from './group-members.ts';
import { groupEndpoints } from './groups.ts';
import { invitationEndpoints } from './invitations.ts';
import { notificationEndpoints } from './notifications.ts';
import { operationEndpoints } from './operations.ts';
import { peopleEndpoints } from './people.ts';

export const ENDPOINTS: readonly Endpoint[] = [
  ...accountEndpoints,
  ...peopleEndpoints,
  ...groupEndpoints,
  ...groupMemberEndpoints,
  ...appointmentEndpoints,
  ...invitationEndpoints,
  ...agendaEndpoints,
  ...freeTimeEndpoints,
  ...notificationEndpoints,
  ...calendarEndpoints,
  ...auditEndpoints,
  ...operationEndpoints,
  ...documentationEndpoints,
];
