import { useId, useState } from 'react';
import type { Scope } from '../../api/types.ts';

interface ScopeChoiceProps {
  readonly question: string;
  readonly scopes: readonly Scope[];
  readonly action: string;
  /** What it does is a loss. */
  readonly danger?: boolean;
  readonly back: string;
  readonly busy: boolean;
  readonly onChoose: (scope: Scope) => void;
  readonly onBack: () => void;
}

const LABELS: Readonly<Record<Scope, string>> = {
  this: 'Only this one',
  following: 'This one and all that follow',
  all: 'The whole series',
};

/** The foot of a dialog about something that repeats: one, it and those after, or all. */
export function ScopeChoice(props: ScopeChoiceProps) {
  const { question, scopes, action, danger = false, back, busy, onChoose, onBack } = props;
  const [chosen, setChosen] = useState<Scope>(scopes[0] ?? 'all');
  const name = useId();
  return (
    <footer className="scope-choice" data-testid="scope-choice">
      <fieldset className="plain scopes">
        <legend>{question}</legend>
        {scopes.map((scope) => (
          <label key={scope} className="check">
            <input
              type="radio"
              name={name}
              value={scope}
              checked={scope === chosen}
              // biome-ignore lint/a11y/noAutofocus: it is the question that was just asked
              autoFocus={scope === scopes[0]}
              {...(scope === scopes[0] ? { 'data-autofocus': true } : {})}
              data-testid={`scope-${scope}`}
              onChange={() => setChosen(scope)}
            />
            {LABELS[scope]}
          </label>
        ))}
      </fieldset>
      {scopes.length === 1 && (
        <p className="field-hint">The others cannot follow: their pattern has no place for this change.</p>
      )}
      <div className="scope-actions">
        <button type="button" className="button" onClick={onBack} data-testid="scope-back">
          {back}
        </button>
        <button
          type="button"
          className={`button ${danger ? 'button-danger' : 'button-primary'}`}
          disabled={busy}
          onClick={() => onChoose(chosen)}
          data-testid="choose-scope"
        >
          {action}
        </button>
      </div>
    </footer>
  );
}
