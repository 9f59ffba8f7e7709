import { useCallback, useRef, useState } from 'react';
import { Intention } from '../intention.ts';

export interface Submit {
  readonly busy: boolean;
  readonly failure: unknown;
  readonly clear: () => void;
  /** Runs one try; resolves to true if it succeeded. Does nothing while one is under way. */
  readonly run: (content: unknown, send: (idempotencyKey: string) => Promise<void>) => Promise<boolean>;
}

/** The life of a form's submission: busy, failed, or done; retries of unknown outcome keep their key. */
export function useSubmit(): Submit {
  const intention = useRef<Intention>(null);
  intention.current ??= new Intention();
  const underWay = useRef(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const clear = useCallback(() => setFailure(null), []);
  const run = useCallback<Submit['run']>(async (content, send) => {
    if (underWay.current || intention.current === null) return false;
    underWay.current = true;
    setBusy(true);
    setFailure(null);
    try {
      await intention.current.attempt(content, send);
      return true;
    } catch (error) {
      setFailure(error);
      return false;
    } finally {
      underWay.current = false;
      setBusy(false);
    }
  }, []);
  return { busy, failure, clear, run };
}
