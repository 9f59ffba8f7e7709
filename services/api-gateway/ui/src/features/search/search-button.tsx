import { useEffect } from 'react';
import { Icon } from '../../components/icon.tsx';

/** Looks like a field where there is room, and is an icon where there is not. */
export function SearchButton({ onOpen }: { onOpen: () => void }) {
  useSlashKey(onOpen);
  return (
    <button
      type="button"
      className="button search-button"
      aria-label="Search appointments"
      aria-keyshortcuts="/"
      onClick={onOpen}
      data-testid="open-search"
    >
      <Icon name="search" />
      <span>Search</span>
      <kbd>/</kbd>
    </button>
  );
}

/** As everywhere, unless somebody is writing or a dialog is open. */
function useSlashKey(onOpen: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
      const writing = event.target instanceof Element && event.target.closest('input, textarea, select');
      if (writing || document.querySelector('dialog[open]') !== null) return;
      event.preventDefault();
      onOpen();
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [onOpen]);
}
