/** The same loads for us and for the peer beside us. */
import { appointmentBody, type BenchCluster, createRequest, enterUsers, readRequest } from './agenda.ts';
import { type EtcdCluster, put, putRequest, rangeRequest } from './etcd.ts';
import type { LoadPlan, Target } from './http-load.ts';

export interface Load {
  readonly kind: 'create' | 'read';
  readonly connections: number;
}

export interface Contender {
  readonly targets: readonly Target[];
  /** The request of a connection's n-th turn; no two creations of the whole bench are the same. */
  request(load: Load): LoadPlan['request'];
}

/** About as many bytes as an appointment's JSON. */
const ETCD_VALUE = 'x'.repeat(300);

/** Each connection is a user of its own, with one appointment to read; a user's slots never overlap. */
export async function podContender(
  { cluster, targets }: BenchCluster,
  loads: readonly Load[],
): Promise<Contender> {
  const [pod] = cluster.pods;
  if (!pod) throw new Error('there is no pod');
  const connections = Math.max(...loads.map((load) => load.connections));
  const tokens = await enterUsers(pod, 'bench', connections);
  const ids = await Promise.all(tokens.map((token) => createOne(pod.url, token)));
  const slots = tokens.map(() => 1);
  return {
    targets,
    request: ({ kind }) => {
      if (kind === 'read')
        return (connection) =>
          readRequest(at(targets, connection), at(tokens, connection), at(ids, connection));
      return (connection) => {
        const slot = at(slots, connection);
        slots[connection] = slot + 1;
        return createRequest(at(targets, connection), at(tokens, connection), slot);
      };
    },
  };
}

/** In slot 0. @returns its id. */
async function createOne(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/api/appointments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: appointmentBody(0),
  });
  if (response.status !== 201)
    throw new Error(`an appointment to read was refused: ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

export async function etcdContender({ targets }: EtcdCluster, loads: readonly Load[]): Promise<Contender> {
  const readKeys = Math.max(...loads.map((load) => load.connections));
  for (let connection = 0; connection < readKeys; connection++)
    await put(at(targets, connection), `k-${connection}`, ETCD_VALUE);
  let puts = 0;
  return {
    targets,
    request: ({ kind }) =>
      kind === 'read'
        ? (connection) => rangeRequest(at(targets, connection), `k-${connection}`)
        : (connection) => putRequest(at(targets, connection), `k-${connection}-${puts++}`, ETCD_VALUE),
  };
}

function at<T>(list: readonly T[], connection: number): T {
  return list[connection % list.length] as T;
}
