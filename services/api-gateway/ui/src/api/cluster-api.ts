/** What this pod tells whoever watches over the cluster. No session is asked for, so that it can be read when all else fails. */

import type { Http } from './http.ts';
import type { Page } from './types.ts';

const DEADLINE_MS = 4_000;

export type RaftRole = 'follower' | 'preCandidate' | 'candidate' | 'leader' | 'learner';

export interface ClusterAlarm {
  readonly code: string;
  readonly message: string;
  readonly since: string;
}

/** On the leader, of another member. */
export interface MemberProgress {
  readonly memberId: string;
  /** probe, replicate or snapshot. */
  readonly state: string;
  /** Up to there its log certainly equals the leader's. */
  readonly matchIndex: number;
  /** Heard from within the last election timeout. */
  readonly active: boolean;
}

/** Consensus as the answering node sees it; of other members it knows what is theirs only as the leader. */
export interface RaftHealth {
  readonly nodeId: string;
  readonly memberId: string;
  readonly role: RaftRole;
  readonly leaderId: string | null;
  readonly term: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly lastApplied: number;
  readonly snapshotIndex: number;
  readonly logBytes: number;
  /** `votersOutgoing` is empty unless the members are being exchanged (joint consensus). */
  readonly configuration: {
    readonly voters: readonly string[];
    readonly votersOutgoing?: readonly string[];
    readonly learners: readonly string[];
  } | null;
  readonly progress: readonly MemberProgress[];
  readonly bootstrapped: boolean;
  readonly waitingFor: string | null;
  readonly alarms: readonly ClusterAlarm[];
}

/** How far a node is, by its own words of a few seconds ago at most. */
export interface Standing {
  /** Null: one that the pod does not know. */
  readonly role: RaftRole | null;
  readonly term: number;
  readonly lastIndex: number;
  readonly commitIndex: number;
  readonly lastApplied: number;
}

export interface ClusterNode {
  readonly nodeId: string;
  readonly memberId: string;
  readonly address: string;
  /** host:port of its gateway. */
  readonly httpAddress: string | null;
  /** `self` is the answering node. */
  readonly source: string;
  readonly lastSeen: string;
  /** What it last said of itself to the answering node; null: nothing yet. */
  readonly standing: Standing | null;
}

export interface ClusterReport {
  readonly health: RaftHealth;
  readonly nodes: readonly ClusterNode[];
}

export class ClusterApi {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  async report(): Promise<ClusterReport> {
    const [health, nodes] = await Promise.all([this.#get('/raft/health'), this.#get('/cluster/nodes')]);
    return { health: health as RaftHealth, nodes: (nodes as Page<ClusterNode>).items };
  }

  #get(path: string): Promise<unknown> {
    return this.#http({ method: 'GET', path, deadlineMs: DEADLINE_MS });
  }
}
