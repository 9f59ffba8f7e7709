/** How often somebody may ask, per pod. */
import { ServiceError } from '@agenda/service-kit/errors';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

const MINUTE_SECONDS = 60;
const LOGINS_PER_NAME_PER_MINUTE = 60;
/** People counted within the running second; beyond it new ones are let through uncounted until the next second. */
const USERS_COUNTED_MAX = 100_000;

export interface RateLimitOptions {
  readonly perUserPerSecond: number;
  readonly loginsPerMinute: number;
}

export class RateLimits {
  readonly #perUserPerSecond: number;
  readonly #addresses: RateLimiterMemory;
  readonly #names: RateLimiterMemory;
  readonly #users = new Map<string, number>();
  #second = 0;

  constructor({ perUserPerSecond, loginsPerMinute }: RateLimitOptions) {
    this.#perUserPerSecond = perUserPerSecond;
    this.#addresses = new RateLimiterMemory({ points: loginsPerMinute, duration: MINUTE_SECONDS });
    const perName = Math.min(loginsPerMinute, LOGINS_PER_NAME_PER_MINUTE);
    this.#names = new RateLimiterMemory({ points: perName, duration: MINUTE_SECONDS });
  }

  /** On every request, so no promise is made for it. @throws ServiceError `rate_limited` */
  countUser(userId: string): void {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#users.clear();
    }
    const count = (this.#users.get(userId) ?? 0) + 1;
    if (count > this.#perUserPerSecond)
      throw limited(`you may send ${this.#perUserPerSecond} requests a second`, 1_000);
    if (count > 1 || this.#users.size < USERS_COUNTED_MAX) this.#users.set(userId, count);
  }

  /** Logins and registrations, whose passwords cost time and could be guessed. @throws ServiceError `rate_limited` */
  async countLogin(address: string, username: string): Promise<void> {
    await consume(this.#addresses, address, 'too many logins from this address');
    await consume(this.#names, `${address} ${username.toLowerCase()}`, 'too many logins for this user');
  }
}

async function consume(limiter: RateLimiterMemory, key: string, message: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (refusal instanceof RateLimiterRes) throw limited(message, refusal.msBeforeNext);
    throw refusal;
  }
}

function limited(message: string, retryAfterMs: number): ServiceError {
  return new ServiceError('rate_limited', message, { retryAfterMs });
}
