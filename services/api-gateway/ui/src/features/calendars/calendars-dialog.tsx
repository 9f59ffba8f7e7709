import { useState } from 'react';
import type { User } from '../../api/types.ts';
import { Dialog } from '../../components/dialog.tsx';
import { useAgenda, useStore } from '../../use-agenda.ts';
import { ExportPanel } from './export-panel.tsx';
import { FeedPanel } from './feed-panel.tsx';
import { ImportPanel } from './import-panel.tsx';

const PARTS = [
  { name: 'import', label: 'Import' },
  { name: 'export', label: 'Export' },
  { name: 'feeds', label: 'Feeds' },
] as const;

interface CalendarsDialogProps {
  readonly user: User;
  readonly onClose: () => void;
}

/** Between this agenda and other calendars: files in, files out, and addresses that calendar apps read. */
export function CalendarsDialog({ user, onClose }: CalendarsDialogProps) {
  const [part, setPart] = useState<(typeof PARTS)[number]['name']>('import');
  const { groups } = useStore(useAgenda().groups.state);
  return (
    <Dialog title="Other calendars" onClose={onClose} testId="calendars-dialog">
      <div className="calendars">
        <fieldset className="segmented plain" aria-label="What to do">
          {PARTS.map(({ name, label }) => (
            <button
              key={name}
              type="button"
              aria-pressed={part === name}
              onClick={() => setPart(name)}
              data-testid={`calendars-${name}`}
            >
              {label}
            </button>
          ))}
        </fieldset>
        {part === 'import' && <ImportPanel onClose={onClose} />}
        {part === 'export' && <ExportPanel user={user} groups={groups} />}
        {part === 'feeds' && <FeedPanel groups={groups.filter(({ creatorId }) => creatorId === user.id)} />}
      </div>
    </Dialog>
  );
}
