/** How often somebody may ask, per pod. */
import { isIPv6 } from 'node:net';
import { ServiceError } from '@agenda/service-kit/errors';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

const MINUTE_SECONDS = 60;
const IPV6_GROUPS = 8;
const IPV6_NETWORK_GROUPS = 4;
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
    const network = networkOf(address);
    await consume(this.#addresses, network, 'too many logins from this address');
    await consume(this.#names, `${network} ${username.toLowerCase()}`, 'too many logins for this user');
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

/** The address itself, or its /64: one customer has at least so much of IPv6, and must not count as many. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  while (tail !== undefined && groups.length + after.length < IPV6_GROUPS) groups.push('0');
  return [...groups, ...after]
    .slice(0, IPV6_NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
