/** How the topics around appointments and groups stand on one another. */
import type { Database } from 'better-sqlite3';
import { AgendaEntries } from './agenda-entries.ts';
import { AppointmentRows } from './appointment-row.ts';
import { Appointments } from './appointments.ts';
import { Attendance } from './attendance.ts';
import { Bookings } from './bookings.ts';
import { GroupRows } from './group-rows.ts';
import { Groups } from './groups.ts';
import { Invitations } from './invitations.ts';
import { Invitees } from './invitees.ts';
import { Membership } from './membership.ts';
import type { Notifications } from './notifications.ts';
import { Participants } from './participants.ts';
import { Reminders } from './reminders.ts';
import { Schedules } from './schedule.ts';
import { SeriesChanges } from './series.ts';
import { Trash } from './trash.ts';
import type { Users } from './users.ts';
import { Visibility } from './visibility.ts';

export interface AgendaParts {
  readonly appointments: Appointments;
  readonly invitations: Invitations;
  readonly trash: Trash;
  readonly series: SeriesChanges;
  readonly reminders: Reminders;
  readonly groups: Groups;
  readonly groupRows: GroupRows;
}

export function agendaParts(db: Database, users: Users, notifications: Notifications): AgendaParts {
  const groupRows = new GroupRows(db);
  const stored = {
    rows: new AppointmentRows(db),
    schedules: new Schedules(db),
    entries: new AgendaEntries(db),
    participants: new Participants(db),
    visibility: new Visibility(db),
    users,
    notifications,
  };
  const bookings = new Bookings(stored);
  const invitees = new Invitees(groupRows, users);
  const attendance = new Attendance(bookings, stored.participants, users, notifications);
  const parts = { ...stored, bookings, invitees, attendance };
  const reminders = new Reminders(db, stored);
  const appointments = new Appointments({ ...parts, reminders });
  const trash = new Trash(db, { ...parts, appointments, reminders });
  const series = new SeriesChanges(db, { ...parts, appointments, trash, reminders });
  const membership = new Membership({ ...parts, groups: groupRows, trash });
  return {
    appointments,
    invitations: new Invitations(parts),
    trash,
    series,
    reminders,
    groups: new Groups(groupRows, membership, users),
    groupRows,
  };
}
