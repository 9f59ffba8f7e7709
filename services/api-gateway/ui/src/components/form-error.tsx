import type { ReactNode } from 'react';
import { Icon } from './icon.tsx';

/** Always in the document, so that what appears in it is announced. */
export function FormError({ children }: { children: ReactNode }) {
  return (
    <div className="form-error" role="alert">
      {children ? (
        <>
          <Icon name="warning" />
          <div>{children}</div>
        </>
      ) : null}
    </div>
  );
}
