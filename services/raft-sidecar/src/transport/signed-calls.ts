/** The calls of this process and those to it: who signs them, whom they are for, and what keeps them private. */
import { DiscoveryService } from '@agenda/proto/cluster/v1/discovery';
import type { HostPort } from '@agenda/service-kit/environment';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import type { Tls } from '@agenda/service-kit/grpc-server';
import type { Logger } from '@agenda/service-kit/logger';
import { ANY_RECEIVER, type AnyReceiver, type Receiver, receiverOf } from '@agenda/service-kit/nonces';
import { Signer, Verifier } from '@agenda/service-kit/signature';
import { type Config, peerTls } from '../config.ts';
import type { MemberId } from '../core/types.ts';
import { nodeIdOf } from './conversions.ts';

export class SignedCalls {
  readonly verifier: Verifier;
  /** Of the peer port; undefined: peers speak in clear. */
  readonly tls: Tls | undefined;
  readonly #config: Config;
  readonly #signer: Signer;
  readonly #logger: Logger;

  constructor(config: Config, logger: Logger) {
    this.verifier = verifierOf(config);
    this.tls = peerTls(config);
    this.#config = config;
    this.#signer = new Signer(config.NODE_ID, config.CLUSTER_HMAC_SECRET);
    this.#logger = logger;
  }

  toAudit(): GrpcChannel {
    const { AUDIT_GRPC_ADDR, NODE_ID } = this.#config;
    return this.#channel(AUDIT_GRPC_ADDR, receiverOf(NODE_ID, 'audit'));
  }

  toMember(address: HostPort, member: MemberId): GrpcChannel {
    return this.#channel(address, receiverOf(nodeIdOf(member), 'raft-sidecar'), this.tls);
  }

  /** To a place where some node may be. */
  toNode(address: HostPort): GrpcChannel {
    return this.#channel(address, ANY_RECEIVER, this.tls);
  }

  #channel(address: HostPort, receiver: Receiver | AnyReceiver, tls?: Tls): GrpcChannel {
    const options = { address, receiver, signer: this.#signer, logger: this.#logger };
    return new GrpcChannel(tls ? { ...options, tls } : options);
  }
}

/** Those who look for nodes do not know yet whom they find. */
export function verifierOf({ NODE_ID, CLUSTER_HMAC_SECRET, CLUSTER_RECEIVER_OPTIONAL }: Config): Verifier {
  return new Verifier(receiverOf(NODE_ID, 'raft-sidecar'), CLUSTER_HMAC_SECRET, {
    anyReceiverMethods: [DiscoveryService.join.path, DiscoveryService.nodes.path],
    receiverOptional: CLUSTER_RECEIVER_OPTIONAL,
  });
}
