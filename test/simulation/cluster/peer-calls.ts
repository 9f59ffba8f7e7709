/** Calls from a follower's sidecar to the leader's. They may be lost on either way, and then time out. */
import type { FetchSnapshotRequest, SnapshotChunk } from '@agenda/proto/raft/v1/peer';
import { ServiceError } from '@agenda/service-kit/errors';
import type { MemberId } from '../../../services/raft-sidecar/src/core/types.ts';
import type { LeaderClient, Position } from '../../../services/raft-sidecar/src/runtime/proposals.ts';
import { noLeader } from '../../../services/raft-sidecar/src/runtime/refusals.ts';
import type {
  ChunkStream,
  SnapshotPeers,
} from '../../../services/raft-sidecar/src/runtime/snapshot-download.ts';
import { ChunkQueue } from './chunk-queue.ts';
import type { SimulatedNode } from './node.ts';
import type { PodProcess } from './pod-process.ts';
import type { Surroundings } from './surroundings.ts';

export class PeerCalls implements LeaderClient, SnapshotPeers {
  readonly #node: SimulatedNode;
  readonly #surroundings: Surroundings;

  constructor(node: SimulatedNode, surroundings: Surroundings) {
    this.#node = node;
    this.#surroundings = surroundings;
  }

  forward(leader: MemberId, command: Uint8Array, deadlineMs: number): Promise<Position> {
    return this.#call(leader, deadlineMs, ({ proposals }) => proposals.append(command));
  }

  readIndex(leader: MemberId, deadlineMs: number): Promise<number> {
    return this.#call(leader, deadlineMs, ({ reads }) => reads.confirm(performance.now() + deadlineMs));
  }

  /** What is lost on the way never comes; who waits for it gives up. */
  fetchSnapshot(member: MemberId, request: FetchSnapshotRequest): ChunkStream {
    const chunks = new ChunkQueue();
    const { network, nodeOf } = this.#surroundings;
    const own = this.#node;
    const target = nodeOf(member);
    if (!target?.process)
      throw new ServiceError('unavailable', `${member} cannot be reached`, { nothingDone: true });
    const answer = (take: () => void): void =>
      network.call(target.number, own.number, target.aheadUs, () => own.enter(take));
    network.call(own.number, target.number, own.aheadUs, () =>
      target.enter(({ host }) => {
        const { process } = target;
        const stream = {
          write: (chunk: SnapshotChunk) => {
            if (target.process === process) answer(() => chunks.push(chunk));
            return true;
          },
          drained: () => Promise.resolve(),
          end: () => {},
          closed: chunks.cancelled,
          queuedBytes: 0,
        };
        host.server.serve(request, stream).catch((error) => {
          if (target.process === process) answer(() => chunks.fail(error));
        });
      }),
    );
    return chunks;
  }

  #call<T>(leader: MemberId, deadlineMs: number, serve: (process: PodProcess) => Promise<T>): Promise<T> {
    const { network, nodeOf } = this.#surroundings;
    const own = this.#node;
    const target = nodeOf(leader);
    return new Promise((resolve, reject) => {
      if (!target?.process) {
        reject(new ServiceError('unavailable', `${leader} cannot be reached`, { nothingDone: true }));
        return;
      }
      setTimeout(() => reject(new ServiceError('timeout', `${leader} did not answer in time`)), deadlineMs);
      const answerWith = (settle: () => void): void =>
        network.call(target.number, own.number, target.aheadUs, () => own.enter(settle));
      network.call(own.number, target.number, own.aheadUs, () =>
        target.enter((process) => {
          const meant = target.memberId === leader;
          const served = meant ? serve(process) : Promise.reject(noLeader(`this is not ${leader}`));
          const ifAlive = (settle: () => void): void => {
            if (target.process === process) answerWith(settle);
          };
          served.then(
            (value) => ifAlive(() => resolve(value)),
            (error) => ifAlive(() => reject(error)),
          );
        }),
      );
    });
  }
}
