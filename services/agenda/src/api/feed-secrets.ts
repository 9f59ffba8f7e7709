import { createHash, createHmac } from 'node:crypto';

/**
 * The secrets in the addresses of calendar feeds, of which the agenda keeps a hash only. Each is derived from the command
 * that asks for it, so that the same request, sent again because its answer was lost, gives the same address on any pod,
 * whichever of the two is applied.
 */
export class FeedSecrets {
  readonly #keys: readonly Uint8Array[];

  /** @param clusterSecrets the current one, and the one before while they change. */
  constructor(clusterSecrets: readonly string[]) {
    this.#keys = clusterSecrets.map((secret) =>
      createHmac('sha256', secret).update('agenda calendar feed').digest(),
    );
  }

  /** 32 bytes as base64url; the first one is for a new feed, the others are what an earlier attempt may have set. */
  of(commandId: Uint8Array): string[] {
    return this.#keys.map((key) => createHmac('sha256', key).update(commandId).digest('base64url'));
  }
}

/** SHA-256, as it is kept. */
export function feedHashOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
