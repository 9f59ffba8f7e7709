/**
 * Addresses by DNS, asked again and again: those of DISCOVERY_DNS_NAME, and of a Swarm service's tasks. An answer only
 * adds to where nodes are looked for; one that is left out of it is no less a member (design §4: `tasks.*` leaves out
 * healthy peers for up to 40 seconds).
 */
import { Resolver } from 'node:dns/promises';
import { formatHostPort } from '@agenda/service-kit/environment';
import type { Logger } from '@agenda/service-kit/logger';

/** Of one answer; what is beyond is ignored. */
export const ADDRESSES_MAX = 64;
const EVERY_MS = 2_000;
const TRY_DEADLINE_MS = 1_000;
const TRIES = 2;
/** An answer, too: there is nobody. */
const EMPTY_CODES: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

export interface DnsLookupOptions {
  readonly name: string;
  /** Of the peer port at every address. */
  readonly port: number;
  readonly logger: Logger;
  /** Empty: those of the system. */
  readonly servers: readonly string[];
  readonly everyMs?: number;
  readonly deadlineMs?: number;
}

export class DnsLookup {
  readonly #options: DnsLookupOptions;
  readonly #resolver: Resolver;
  #addresses: readonly string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #state = '';
  #stopped = false;

  constructor(options: DnsLookupOptions) {
    this.#options = options;
    this.#resolver = new Resolver({ timeout: options.deadlineMs ?? TRY_DEADLINE_MS, tries: TRIES });
    if (options.servers.length > 0) this.#resolver.setServers(options.servers);
  }

  /** host:port, sorted; those of the last answer while the server does not answer. */
  get addresses(): readonly string[] {
    return this.#addresses;
  }

  start(): void {
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#resolver.cancel();
  }

  async #ask(): Promise<void> {
    const { name, port, everyMs = EVERY_MS } = this.#options;
    const answers = await Promise.allSettled([this.#resolver.resolve4(name), this.#resolver.resolve6(name)]);
    if (this.#stopped) return;
    const hosts = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const failure = answers.map(failureOf).find((code) => code !== '');
    if (hosts.length > 0 || failure === undefined)
      this.#addresses = hosts
        .map((host) => formatHostPort({ host, port }))
        .sort()
        .slice(0, ADDRESSES_MAX);
    this.#tell(hosts.length > 0 ? 'answers' : (failure ?? 'knows nobody'));
    this.#timer = setTimeout(() => void this.#ask(), everyMs);
  }

  /** One line for each change: a server that is away would fill the log otherwise. */
  #tell(state: string): void {
    if (state === this.#state) return;
    this.#state = state;
    const { name, logger } = this.#options;
    const line = { dnsName: name, state, addresses: this.#addresses };
    if (state === 'answers') logger.info(line, 'DNS names peers');
    else logger.warn(line, 'DNS names no peers');
  }
}

/** Empty: it was answered. */
function failureOf(answer: PromiseSettledResult<unknown>): string {
  if (answer.status === 'fulfilled') return '';
  const { code = 'unknown' } = answer.reason as { code?: string };
  return EMPTY_CODES.has(code) ? '' : code;
}
