import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { remainingMs } from '@agenda/service-kit/deadline';
import { ServiceError } from '@agenda/service-kit/errors';

/** Argon2id parameters of the OWASP Password Storage Cheat Sheet. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const PARALLELISM = 1;
const SALT_BYTES = 16;
const TAG_BYTES = 32;

/** Hashes under way: each takes 19 MiB and one thread of libuv's pool of four. */
export const ARGON2_CONCURRENT_MAX = 2;
/** Beyond it a hash is refused with `overloaded`. */
export const ARGON2_QUEUE_MAX = 128;
const OVERLOADED_RETRY_AFTER_MS = 1_000;

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;

const argon2Async = promisify(argon2);

interface Parameters {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly nonce: Buffer;
  readonly tagLength: number;
}

/** Hashes and checks passwords off the main thread, a bounded number at a time. */
export class Passwords {
  readonly #queue: (() => void)[] = [];
  #running = 0;
  /** Stands in for the hash of a user who does not exist: no password has it. */
  readonly #nobody = phc(randomBytes(SALT_BYTES), randomBytes(TAG_BYTES));

  /** @returns a PHC string. @throws ServiceError `overloaded` */
  async hash(password: string, deadlineAtMs: number): Promise<string> {
    const nonce = randomBytes(SALT_BYTES);
    const parameters = {
      memory: MEMORY_KIB,
      passes: PASSES,
      parallelism: PARALLELISM,
      nonce,
      tagLength: TAG_BYTES,
    };
    return phc(nonce, await this.#derive(password, parameters, deadlineAtMs));
  }

  /**
   * Takes as long for a user who does not exist (undefined) as for a wrong password.
   *
   * @throws ServiceError `overloaded`
   */
  async verify(password: string, hash: string | undefined, deadlineAtMs: number): Promise<boolean> {
    const { parameters, tag } = parsePhc(hash ?? this.#nobody);
    return timingSafeEqual(await this.#derive(password, parameters, deadlineAtMs), tag);
  }

  async #derive(password: string, parameters: Parameters, deadlineAtMs: number): Promise<Buffer> {
    await this.#enter();
    try {
      if (remainingMs(deadlineAtMs) === 0) throw overloaded();
      return await argon2Async('argon2id', { ...parameters, message: password.normalize('NFC') });
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }

  #enter(): Promise<void> {
    if (this.#running < ARGON2_CONCURRENT_MAX) {
      this.#running += 1;
      return Promise.resolve();
    }
    if (this.#queue.length >= ARGON2_QUEUE_MAX) return Promise.reject(overloaded());
    return new Promise((resolve) => {
      this.#queue.push(() => {
        this.#running += 1;
        resolve();
      });
    });
  }
}

function overloaded(): ServiceError {
  return new ServiceError('overloaded', 'too many passwords are being checked at the moment', {
    retryAfterMs: OVERLOADED_RETRY_AFTER_MS,
  });
}

function phc(salt: Buffer, tag: Buffer): string {
  return `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=${PARALLELISM}$${base64(salt)}$${base64(tag)}`;
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}

function parsePhc(hash: string): { parameters: Parameters; tag: Buffer } {
  const match = PHC.exec(hash);
  if (!match) throw new Error('the stored password hash is no argon2id PHC string');
  const [memory, passes, parallelism] = match.slice(1, 4).map(Number) as [number, number, number];
  const tag = Buffer.from(match[5] as string, 'base64');
  const nonce = Buffer.from(match[4] as string, 'base64');
  return { parameters: { memory, passes, parallelism, nonce, tagLength: tag.length }, tag };
}
