/** Waits for a condition, never for a time. */

const POLL_MS = 25;

/** @throws Error after the deadline, with what was seen last. */
export async function until<T>(
  what: string,
  deadlineMs: number,
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineAt = performance.now() + deadlineMs;
  let last: unknown;
  while (performance.now() < deadlineAt) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
      last = 'not yet';
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`${what}: not within ${deadlineMs} ms; last: ${last}`, { cause: last });
}
