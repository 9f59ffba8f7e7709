import assert from 'node:assert/strict';
import { DiscoveryService } from '@agenda/proto/cluster/v1/discovery';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Tls } from '@agenda/service-kit/grpc-server';
import { createLogger } from '@agenda/service-kit/logger';
import { ANY_RECEIVER } from '@agenda/service-kit/nonces';
import { Signer } from '@agenda/service-kit/signature';
import { TestAuthority } from '@agenda/service-kit/testing/certificates';
import type { Config } from '../config.ts';
import { TestCluster } from '../testing/cluster.ts';
import { SECRET } from '../testing/node.ts';
import { parseAddress } from '../transport/addresses.ts';

const logger = createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'silent' });

describe('peers with certificates', () => {
  const authority = new TestAuthority('the cluster');
  let cluster: TestCluster;

  before(async () => {
    cluster = new TestCluster(2);
    for (const at of [0, 1])
      await cluster.startNode(at, { config: configured(authority.issue(`node ${at}`)) });
    await cluster.voters('agenda-1', 'agenda-2');
  });
  after(() => cluster.destroy());

  function configured({ cert, key, ca }: Tls): Partial<Config> {
    return { CLUSTER_TLS_CERT_FILE: cert, CLUSTER_TLS_KEY_FILE: key, CLUSTER_TLS_CA_FILE: ca };
  }

  /** Signed with the cluster's secret. */
  async function ask(tls?: Tls): Promise<string> {
    const address = parseAddress(cluster.node(0).peerAddress);
    const signer = new Signer('agenda-9', [SECRET]);
    const channel = new GrpcChannel({
      address,
      receiver: ANY_RECEIVER,
      signer,
      logger,
      ...(tls ? { tls } : {}),
    });
    try {
      const { nodes } = await channel.client(DiscoveryService).nodes({}, { deadlineMs: 1_000 });
      return nodes[0]?.nodeId ?? '';
    } finally {
      channel.close();
    }
  }

  it('form a cluster and replicate', async () => {
    await cluster.commit('under TLS');
    assert.equal(await ask(authority.issue('node 9')), 'agenda-1');
  });

  it('refuse one without, though it knows the secret', async () => {
    await assert.rejects(ask(), { code: /unavailable|timeout/ });
  });

  it('refuse one of another authority', async () => {
    const { cert, key } = new TestAuthority('another').issue('node 9');
    await assert.rejects(ask({ cert, key, ca: authority.certificate }), { code: /unavailable|timeout/ });
  });

  it('do not speak with a server of another authority', async () => {
    const { cert, key } = authority.issue('node 9');
    const { certificate } = new TestAuthority('another');
    await assert.rejects(ask({ cert, key, ca: certificate }), { code: /unavailable|timeout/ });
  });

  it('take in no node that has none', async () => {
    const seeds = [cluster.node(0).peerAddress];
    const stranger = await cluster.startNode(2, { seeds });
    cluster.nodes.delete(2);
    await cluster.commit('without the stranger');
    assert.equal(stranger.context.driver.clusterId, '');
    assert.deepEqual(stranger.context.discovery.peers.list(), []);
    await stranger.crash();
  });
});
