import assert from 'node:assert/strict';
import { on, once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Variables } from '@agenda/pod/local-cluster';
import type { PodProcess } from '@agenda/pod/pod-process';
import { TestAuthority } from '@agenda/service-kit/testing/certificates';
import WebSocket from 'ws';
import { type ApiClient, expect } from '../support/api-client.ts';
import { TestCluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';

const HOST = '127.0.0.1';
const STRANGER = 'agenda-4';
const SEEN_MS = 20_000;

/** Clients and peers have authorities of their own, as in deploy/swarm. The fourth pod's certificate is by another one. */
describe('three pods that speak TLS, to clients and to each other,', () => {
  const forClients = new TestAuthority('for clients');
  const forPeers = new TestAuthority('for peers');
  const another = new TestAuthority('of somebody else');
  const trusted = getCACertificates('default');
  let files: string;
  let test: TestCluster;
  let tess: ApiClient;

  before(async () => {
    files = mkdtempSync(join(tmpdir(), 'agenda-tls-'));
    // As the operators of a site would have their clients trust its authority.
    setDefaultCACertificates([...trusted, String(forClients.certificate)]);
    test = await TestCluster.start(4, environmentOf, 3);
    tess = await test.client(0).enter('tess');
  });
  after(async () => {
    setDefaultCACertificates(trusted);
    await test?.destroy();
    rmSync(files, { recursive: true });
  });

  function environmentOf(nodeId: string): Variables {
    const server = forClients.issue(nodeId, [HOST]);
    const peer = (nodeId === STRANGER ? another : forPeers).issue(nodeId);
    const file = (name: string, content: Buffer): string => {
      const path = join(files, `${nodeId}-${name}.pem`);
      writeFileSync(path, content);
      return path;
    };
    return {
      TLS_CERT_FILE: file('cert', server.cert),
      TLS_KEY_FILE: file('key', server.key),
      CLUSTER_TLS_CERT_FILE: file('peer-cert', peer.cert),
      CLUSTER_TLS_KEY_FILE: file('peer-key', peer.key),
      // It would take the others for its own; they do not take it.
      CLUSTER_TLS_CA_FILE: file('peer-ca', forPeers.certificate),
      BOOTSTRAP_EXPECT: '3',
      LOG_LEVEL: nodeId === STRANGER ? 'debug' : 'info',
    };
  }

  /** What a client learns that trusts that authority only. */
  async function askTrusting(authority: TestAuthority): Promise<number | string> {
    const request = get(`${test.pods[0]?.url}/healthz`, { ca: authority.certificate, agent: false });
    try {
      const [response] = await once(request, 'response');
      response.resume();
      return response.statusCode;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? String(error);
    }
  }

  it('take writes and answer reads by HTTPS, each of them', async () => {
    for (const [at, pod] of test.pods.slice(0, 3).entries()) {
      assert.match(pod.url, /^https:/);
      const created = expect(await tess.at(pod.url).create(`by pod ${at}`, at), 201);
      for (const reader of test.pods.slice(0, 3))
        expect(await tess.at(reader.url).call('GET', `/api/appointments/${created.body.id}`), 200);
    }
  });

  it('are refused by a client that does not trust their authority', async () => {
    assert.equal(await askTrusting(forClients), 200);
    assert.equal(await askTrusting(another), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  });

  it('answer nothing to a client that speaks in clear', async () => {
    const [pod] = test.pods as [PodProcess];
    await assert.rejects(fetch(`http://${HOST}:${pod.ports.http}/healthz`), TypeError);
  });

  it('push a change made on another pod over a WebSocket with TLS', async () => {
    const url = `${test.pods[2]?.url.replace('https', 'wss')}/ws`;
    const distrustful = new WebSocket(url, { ca: another.certificate });
    const [error] = await once(distrustful, 'error');
    assert.equal(error.code, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    const socket = new WebSocket(url, { ca: forClients.certificate });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'auth', token: tess.token }));
    const kinds: string[] = [];
    for await (const [data] of on(socket, 'message')) {
      const message = JSON.parse(data);
      if (message.type === 'ready') expect(await tess.create('pushed', 80), 201);
      if (message.type !== 'events') continue;
      kinds.push(...message.items.map((item: { kind: string }) => item.kind));
      break;
    }
    socket.close();
    assert.deepEqual(kinds, ['appointment_changed']);
  });

  it('do not take in a pod whose certificate is by another authority, though it knows the secret', async () => {
    const stranger = test.pods.find(({ nodeId }) => nodeId === STRANGER) as PodProcess;
    stranger.start();
    const seeds = test.pods.slice(0, 3).map(({ ports }) => `${HOST}:${ports.peer}`);
    await until('it has asked each of them in vain', SEEN_MS, async () => {
      const lines = readFileSync(stranger.logFile, 'utf8').split('\n');
      const failed = lines.filter((line) => line.includes('a node does not answer'));
      return seeds.every((seed) => failed.some((line) => line.includes(`"${seed}"`))) || undefined;
    });
    const health = await until('its health', SEEN_MS, () => stranger.raftHealth());
    assert.equal(health.clusterId, null);
    assert.equal(health.isLeader, false);
    for (const pod of test.pods.slice(0, 3)) {
      const nodes = expect(await tess.at(pod.url).call('GET', '/cluster/nodes'), 200).body.items;
      assert.deepEqual(nodes.map((node: { nodeId: string }) => node.nodeId).sort(), [
        'agenda-1',
        'agenda-2',
        'agenda-3',
      ]);
    }
    expect(await tess.create('still here', 90), 201);
  });
});
