/** Polls a condition that nobody announces. */
export async function eventually<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  awaited: string,
  withinMs = 5_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error(`${awaited}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
