import assert from 'node:assert/strict';
import { DiscoveryService } from '@agenda/proto/cluster/v1/discovery';
import { PeerService } from '@agenda/proto/raft/v1/peer';
import { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { ANY_RECEIVER, type AnyReceiver, type Receiver, receiverOf } from '@agenda/service-kit/nonces';
import { Signer } from '@agenda/service-kit/signature';
import type { Config } from '../config.ts';
import { verifierOf } from './signed-calls.ts';

const SECRETS = ['s'.repeat(32)];
const HERE = receiverOf('agenda-3', 'raft-sidecar');
const BODY = Buffer.from('the body');

describe('calls to a sidecar', () => {
  const signer = new Signer('agenda-1', SECRETS);

  function isTaken(path: string, receiver: Receiver | AnyReceiver, optional = false): boolean {
    const config = {
      NODE_ID: 'agenda-3',
      CLUSTER_HMAC_SECRET: SECRETS,
      CLUSTER_RECEIVER_OPTIONAL: optional,
    } as Partial<Config> as Config;
    try {
      verifierOf(config).verify(path, signer.sign(path, receiver, BODY).metadata, BODY);
      return true;
    } catch {
      return false;
    }
  }

  it('must be for it, but those by which nodes are looked for', () => {
    const looking: string[] = [DiscoveryService.join.path, DiscoveryService.nodes.path];
    const others = [...Object.values(PeerService), ...Object.values(SidecarService)].map(({ path }) => path);
    for (const path of [...looking, ...others, '/kit.v1.Carrier/Carry']) {
      assert.equal(isTaken(path, HERE), true, path);
      assert.equal(isTaken(path, ANY_RECEIVER), looking.includes(path), path);
      for (const elsewhere of [receiverOf('agenda-2', 'raft-sidecar'), receiverOf('agenda-3', 'agenda')])
        assert.equal(isTaken(path, elsewhere), false, path);
    }
  });

  it('need not name it during an upgrade from a version without receivers, and must not name another', () => {
    assert.equal(isTaken(PeerService.forward.path, ANY_RECEIVER, true), true);
    assert.equal(isTaken(PeerService.forward.path, receiverOf('agenda-2', 'raft-sidecar'), true), false);
  });
});
