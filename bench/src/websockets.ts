/** How soon an event reaches everybody who listens: so many WebSockets on one pod, booked through another one. */
import type { PodProcess } from '@agenda/pod/pod-process';
import { enterUsers, startAgenda } from './agenda.ts';

const SOCKETS = 2_000;
/** The gateway lets one user have 50. */
const SOCKETS_PER_USER = 50;
const USERS = SOCKETS / SOCKETS_PER_USER;
const OPENED_AT_ONCE = 100;
const EVENTS = 20;
const DELIVERY_MS_MAX = 10_000;
const GOAL_MS = 1_000;
/** Services that have just started run code that is not compiled yet. */
const WARMUP_EVENTS = 5;
const BOOKED = /"kind":"appointment_changed".*?"title":"(event \d+)"/;
const HOUR_MS = 3_600_000;

/** Counts, for each appointment, the sockets that were told of it. */
class Audience {
  readonly #told = new Map<string, number[]>();
  #wake: () => void = () => {};

  onMessage(text: string): void {
    const at = performance.now();
    // Parsing each would cost the client, on the same cores, more than the server needs to send it.
    const title = BOOKED.exec(text)?.[1];
    if (title === undefined) return;
    const times = this.#told.get(title);
    if (times) times.push(at);
    else this.#told.set(title, [at]);
    this.#wake();
  }

  /** @returns when each socket was told. @throws Error when some were not in time */
  async everybody(title: string): Promise<readonly number[]> {
    const deadline = AbortSignal.timeout(DELIVERY_MS_MAX);
    for (;;) {
      const times = this.#told.get(title) ?? [];
      if (times.length >= SOCKETS) return times;
      if (deadline.aborted) throw new Error(`${title}: only ${times.length} of ${SOCKETS} were told`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}

function open(pod: PodProcess, token: string, audience: Audience): Promise<WebSocket> {
  const socket = new WebSocket(`${pod.url.replace('http', 'ws')}/ws`, ['agenda.v1', `bearer.${token}`]);
  return new Promise((resolve, reject) => {
    socket.addEventListener('message', ({ data }) => {
      if (String(data).startsWith('{"type":"ready"')) resolve(socket);
      else audience.onMessage(String(data));
    });
    socket.addEventListener('close', ({ code, reason }) =>
      reject(new Error(`closed with ${code} ${reason}`)),
    );
    socket.addEventListener('error', () => reject(new Error('a socket broke')));
  });
}

async function call(pod: PodProcess, token: string, method: string, path: string, body?: unknown) {
  const response = await fetch(pod.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok)
    throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as { id: string };
}

/** Everybody in one group, below its creator: what the creator books is in all agendas at once. */
async function gather(pod: PodProcess, tokens: readonly string[]): Promise<string> {
  const [creator] = tokens as [string];
  const group = await call(pod, creator, 'POST', '/api/groups', { name: 'Audience', kind: 'hierarchical' });
  for (const token of tokens.slice(1)) {
    const { id } = await call(pod, token, 'GET', '/api/me');
    await call(pod, creator, 'PUT', `/api/groups/${group.id}/members/${id}`, { rank: 1 });
  }
  return group.id;
}

const { cluster, destroy } = await startAgenda();
try {
  const [listening, booking] = cluster.pods as [PodProcess, PodProcess];
  const tokens = await enterUsers(booking, 'listener', USERS);
  const groupId = await gather(booking, tokens);
  const audience = new Audience();
  const openedAt = performance.now();
  const sockets: WebSocket[] = [];
  for (let from = 0; from < SOCKETS; from += OPENED_AT_ONCE)
    sockets.push(
      ...(await Promise.all(
        Array.from({ length: OPENED_AT_ONCE }, (_, at) =>
          open(listening, tokens[(from + at) % USERS] as string, audience),
        ),
      )),
    );
  console.log(`${SOCKETS} WebSockets of ${USERS} users on one pod, opened in ${seconds(openedAt)} s`);
  const all: number[] = [];
  for (let event = 0; event < WARMUP_EVENTS + EVENTS; event += 1) {
    const start = Date.UTC(2032, 0, 1) + event * HOUR_MS;
    const title = `event ${event}`;
    const body = { title, start: instant(start), end: instant(start + HOUR_MS), groupId };
    const sentAt = performance.now();
    await call(booking, tokens[0] as string, 'POST', '/api/appointments', body);
    const times = await audience.everybody(title);
    if (event >= WARMUP_EVENTS) all.push(...times.map((at) => at - sentAt));
  }
  all.sort((left, right) => left - right);
  const quantile = (q: number): string => `${Math.round(all[Math.ceil(q * all.length) - 1] as number)} ms`;
  console.log(
    `${EVENTS} events, each booked on another pod, to all: p50 ${quantile(0.5)}, p99 ${quantile(0.99)}, last ${quantile(1)}`,
  );
  const reached = (all.at(-1) as number) < GOAL_MS;
  console.log(`goal: everybody within ${GOAL_MS} ms: ${reached ? 'reached' : 'missed'}`);
  process.exitCode = reached ? 0 : 1;
  for (const socket of sockets) socket.close();
} finally {
  await destroy();
}

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1_000).toFixed(1);
}
