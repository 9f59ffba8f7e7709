/** How often somebody may ask, per pod. Whoever asks too often is told what the limit is, and when to come back. */
import { isIPv6 } from 'node:net';
import { ServiceError } from '@agenda/service-kit/errors';
import type { Next } from 'koa';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { RequestContext } from './context.ts';

const MINUTE_SECONDS = 60;
const IPV6_GROUPS = 8;
const IPV6_NETWORK_GROUPS = 4;
const LOGINS_PER_NAME_PER_MINUTE = 60;
/** People counted within the running second; beyond it new ones are let through uncounted until the next second. */
const USERS_COUNTED_MAX = 100_000;

/** Paths that cost much, each with what a minute of it may hold; those without a user count by their network. */
export const BUDGETS = {
  searches: 'searches',
  'free-slots': 'searches for free time',
  imports: 'imports',
  exports: 'exports',
  feeds: 'requests for feeds from one address',
} as const;
export type BudgetName = keyof typeof BUDGETS;

export interface RateLimitOptions {
  readonly perUserPerSecond: number;
  readonly loginsPerMinute: number;
  readonly perMinute: Readonly<Record<BudgetName, number>>;
}

interface Budget {
  /** In the headers. */
  readonly name: string;
  /** "at most 60 … a minute" */
  readonly what: string;
  readonly limiter: RateLimiterMemory;
}

export class RateLimits {
  readonly #perUserPerSecond: number;
  readonly #addresses: Budget;
  readonly #names: Budget;
  readonly #budgets: Readonly<Record<BudgetName, Budget>>;
  readonly #users = new Map<string, number>();
  #second = 0;

  constructor({ perUserPerSecond, loginsPerMinute, perMinute }: RateLimitOptions) {
    this.#perUserPerSecond = perUserPerSecond;
    this.#addresses = budget('logins', 'logins and registrations from one address', loginsPerMinute);
    const perName = Math.min(loginsPerMinute, LOGINS_PER_NAME_PER_MINUTE);
    this.#names = budget('logins-per-name', 'logins of one name from one address', perName);
    const named = (name: BudgetName): Budget => budget(name, BUDGETS[name], perMinute[name]);
    this.#budgets = {
      searches: named('searches'),
      'free-slots': named('free-slots'),
      imports: named('imports'),
      exports: named('exports'),
      feeds: named('feeds'),
    };
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
      throw limited(`you may send at most ${this.#perUserPerSecond} requests a second`, 1_000);
    if (count > 1 || this.#users.size < USERS_COUNTED_MAX) this.#users.set(userId, count);
  }

  /** Logins and registrations, whose passwords cost time and could be guessed. @throws ServiceError `rate_limited` */
  async countLogin(context: RequestContext, username: string): Promise<void> {
    const network = networkOf(context.state.address);
    await spend(context, this.#addresses, network);
    await spend(context, this.#names, `${network} ${username.toLowerCase()}`);
  }

  /** In front of a path that costs much: counts by the user, or by the network where there is none. */
  spending(name: BudgetName) {
    return async (context: RequestContext, next: Next): Promise<void> => {
      const { principal, address } = context.state;
      await spend(context, this.#budgets[name], principal?.userId ?? networkOf(address));
      await next();
    };
  }
}

function budget(name: string, what: string, perMinute: number): Budget {
  return { name, what, limiter: new RateLimiterMemory({ points: perMinute, duration: MINUTE_SECONDS }) };
}

/** Says in the headers what is left (draft-ietf-httpapi-ratelimit-headers). @throws ServiceError `rate_limited` */
async function spend(context: RequestContext, { name, what, limiter }: Budget, key: string): Promise<void> {
  const outcome = await limiter.consume(key).catch((refusal: unknown) => {
    if (refusal instanceof RateLimiterRes) return refusal;
    throw refusal;
  });
  const seconds = Math.ceil(outcome.msBeforeNext / 1_000);
  context.set('RateLimit-Policy', `"${name}";q=${limiter.points};w=${MINUTE_SECONDS}`);
  context.set('RateLimit', `"${name}";r=${outcome.remainingPoints};t=${seconds}`);
  if (outcome.consumedPoints > limiter.points)
    throw limited(`there may be at most ${limiter.points} ${what} a minute`, outcome.msBeforeNext);
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
