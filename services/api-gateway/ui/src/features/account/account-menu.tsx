import { useRef } from 'react';
import type { User } from '../../api/types.ts';

interface AccountMenuProps {
  readonly user: User;
  readonly onFindTime: () => void;
  readonly onConflicts: () => void;
  readonly onCalendars: () => void;
  readonly onTrash: () => void;
  readonly onProfile: () => void;
  readonly onPassword: () => void;
  readonly onLogOut: () => void;
}

/** Initials that open a small menu; the browser's popover closes it on Escape and on a click elsewhere. */
export function AccountMenu(props: AccountMenuProps) {
  const { user, onFindTime, onConflicts, onCalendars, onTrash, onProfile, onPassword, onLogOut } = props;
  const panel = useRef<HTMLDivElement>(null);
  const choose = (action: () => void) => () => {
    panel.current?.hidePopover();
    action();
  };
  return (
    <>
      <button
        type="button"
        className="avatar"
        popoverTarget="account-menu"
        aria-label={`Account of ${user.displayName}`}
        data-testid="account-menu-button"
      >
        {initials(user.displayName || user.username)}
      </button>
      <div ref={panel} id="account-menu" className="popover account-menu" popover="auto">
        <p className="account-menu-who">
          <strong>{user.displayName}</strong>
          <span>{user.username}</span>
        </p>
        <button type="button" className="menu-item" onClick={choose(onFindTime)} data-testid="open-free-time">
          Find a time
        </button>
        <button
          type="button"
          className="menu-item"
          onClick={choose(onConflicts)}
          data-testid="open-conflicts"
        >
          Conflicts
        </button>
        <button
          type="button"
          className="menu-item"
          onClick={choose(onCalendars)}
          data-testid="open-calendars"
        >
          Import, export, feeds
        </button>
        <button type="button" className="menu-item" onClick={choose(onTrash)} data-testid="open-trash">
          Trash
        </button>
        <hr className="menu-line" />
        <button type="button" className="menu-item" onClick={choose(onProfile)} data-testid="open-profile">
          Profile
        </button>
        <button type="button" className="menu-item" onClick={choose(onPassword)} data-testid="open-password">
          Change password
        </button>
        <button type="button" className="menu-item" onClick={choose(onLogOut)} data-testid="log-out">
          Log out
        </button>
      </div>
    </>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...(word ?? '')][0] ?? '');
  return letters.join('').toUpperCase();
}
