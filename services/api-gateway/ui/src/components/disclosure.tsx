import { type ReactNode, useState } from 'react';
import { Icon } from './icon.tsx';

interface DisclosureProps {
  readonly label: string;
  /** What stands in it, in few words, while it is closed. */
  readonly value: string;
  readonly open?: boolean;
  /** Something in it is wrong: it cannot be overlooked. */
  readonly wrong?: boolean;
  readonly testId: string;
  readonly children: ReactNode;
}

/** A part of a form that most do not need: one line that says what it holds, and opens. */
export function Disclosure({ label, value, open = false, wrong = false, testId, children }: DisclosureProps) {
  const [isOpen, setOpen] = useState(open);
  return (
    <details
      className="disclosure"
      open={isOpen || wrong}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      data-testid={testId}
    >
      <summary>
        <span className="disclosure-label">{label}</span>
        <span className="disclosure-value">{value}</span>
        <Icon name="right" />
      </summary>
      <div className="disclosure-body form">{children}</div>
    </details>
  );
}
