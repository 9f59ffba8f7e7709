import type { CalendarController } from '@fullcalendar/react';
import type { User } from '../../api/types.ts';
import { Icon } from '../../components/icon.tsx';
import { Logo } from '../../components/logo.tsx';
import { useAgenda } from '../../use-agenda.ts';
import { AccountMenu } from '../account/account-menu.tsx';
import { NotificationBell } from '../notifications/notification-bell.tsx';
import { SearchButton } from '../search/search-button.tsx';
import { useWhoseChoice, WhoseSelect } from '../shared-agenda/whose-select.tsx';
import { CalendarToolbar } from './calendar-toolbar.tsx';
import type { ViewChoice } from './views.ts';

interface PageHeadProps {
  readonly user: User;
  readonly controller: CalendarController;
  readonly views: readonly ViewChoice[];
  readonly onAdd: () => void;
  readonly onOpenAppointment: (appointmentId: string) => void;
  readonly onOpenGroup: (groupId: string) => void;
  readonly onGroups: () => void;
  readonly onFindTime: () => void;
  readonly onConflicts: () => void;
  readonly onSearch: () => void;
  readonly onCalendars: () => void;
  readonly onTrash: () => void;
  readonly onProfile: () => void;
  readonly onPassword: () => void;
}

export function PageHead(props: PageHeadProps) {
  const { account } = useAgenda();
  const choice = useWhoseChoice();
  return (
    <header className="page-head">
      <div className="brand">
        <Logo />
        <h1 className={choice ? 'visually-hidden' : undefined}>Agenda</h1>
      </div>
      {choice && <WhoseSelect />}
      <CalendarToolbar controller={props.controller} views={props.views} />
      <div className="page-actions">
        <SearchButton onOpen={props.onSearch} />
        <button
          type="button"
          className="button button-primary new-appointment"
          onClick={props.onAdd}
          data-testid="new-appointment"
        >
          <Icon name="plus" />
          <span>New appointment</span>
        </button>
        <button
          type="button"
          className="button button-icon find-time"
          aria-label="Find a time"
          title="Find a time"
          onClick={props.onFindTime}
          data-testid="find-time"
        >
          <Icon name="clock" />
        </button>
        <button
          type="button"
          className="button button-icon"
          aria-label="Groups"
          title="Groups"
          onClick={props.onGroups}
          data-testid="open-groups"
        >
          <Icon name="people" />
        </button>
        <NotificationBell
          timeZone={props.user.timeZone}
          onOpenAppointment={props.onOpenAppointment}
          onOpenGroup={props.onOpenGroup}
          onConflicts={props.onConflicts}
        />
        <AccountMenu
          user={props.user}
          onFindTime={props.onFindTime}
          onConflicts={props.onConflicts}
          onCalendars={props.onCalendars}
          onTrash={props.onTrash}
          onProfile={props.onProfile}
          onPassword={props.onPassword}
          onLogOut={() => void account.logout()}
        />
      </div>
    </header>
  );
}
