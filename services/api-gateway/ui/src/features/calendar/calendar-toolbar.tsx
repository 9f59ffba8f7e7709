import type { CalendarController } from '@fullcalendar/react';
import { Icon } from '../../components/icon.tsx';
import type { ViewChoice } from './views.ts';

interface CalendarToolbarProps {
  readonly controller: CalendarController;
  readonly views: readonly ViewChoice[];
}

/** Moves through time and chooses the view. */
export function CalendarToolbar({ controller, views }: CalendarToolbarProps) {
  const state = controller.getButtonState();
  const view = controller.view;
  return (
    <div className="toolbar" role="toolbar" aria-label="Calendar" data-testid="toolbar">
      <div className="toolbar-move">
        <button
          type="button"
          className="button"
          disabled={state.today?.isDisabled ?? false}
          onClick={() => controller.today()}
        >
          Today
        </button>
        <button
          type="button"
          className="button button-icon"
          aria-label="Previous"
          onClick={() => controller.prev()}
          data-testid="previous"
        >
          <Icon name="left" />
        </button>
        <button
          type="button"
          className="button button-icon"
          aria-label="Next"
          onClick={() => controller.next()}
          data-testid="next"
        >
          <Icon name="right" />
        </button>
      </div>
      <h2 className="toolbar-title" aria-live="polite" data-testid="calendar-title">
        {view?.title ?? ''}
      </h2>
      <fieldset className="segmented plain" aria-label="View">
        {views.map(({ name, label }) => (
          <button
            key={name}
            type="button"
            aria-pressed={view?.type === name}
            onClick={() => controller.changeView(name)}
            data-testid={`view-${name}`}
          >
            {label}
          </button>
        ))}
      </fieldset>
    </div>
  );
}
