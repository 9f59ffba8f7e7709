/** The environment of this service, read once. */
import { readFileSync } from 'node:fs';
import {
  durationMs,
  flag,
  formatHostPort,
  hostPort,
  hostPortList,
  integer,
  readEnvironmentOrExit,
  secretPair,
} from '@agenda/service-kit/environment';
import type { Tls } from '@agenda/service-kit/grpc-server';
import { LOG_LEVELS } from '@agenda/service-kit/logger';
import { z } from 'zod';
import type { DiscoverySettings } from './discovery/discovery.ts';
import type { PeerSource } from './discovery/peer-store.ts';
import type { SnapshotLimits } from './runtime/snapshot-taker.ts';

const VOTERS_EXPECTED_MAX = 9;
const REPLACE_AFTER_ELECTIONS = 2;
const DNS_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

/** The variables that this service reads. */
export const environmentSchema = z
  .object({
    NODE_ID: z
      .string({ error: 'is missing: a name such as agenda-1' })
      .regex(/^[a-z0-9-]{1,63}$/, 'must be 1 to 63 of a-z, 0-9 and "-"'),
    ADVERTISE_ADDR: hostPort(),
    HTTP_ADDR: hostPort('0.0.0.0:8080'),
    PEER_ADDR: hostPort('0.0.0.0:7000'),
    SIDECAR_GRPC_ADDR: hostPort('127.0.0.1:7100'),
    AUDIT_GRPC_ADDR: hostPort('127.0.0.1:7102'),
    DATA_DIR: z.string({ error: 'is missing: the directory that keeps the data' }).min(1),
    BOOTSTRAP_EXPECT: integer(1, VOTERS_EXPECTED_MAX, 1),
    CLUSTER_HMAC_SECRET: secretPair(32),
    CLUSTER_RECEIVER_OPTIONAL: flag(false),
    DISCOVERY_SEEDS: hostPortList(),
    DISCOVERY_DNS_NAME: dnsName(),
    DISCOVERY_DNS_SERVERS: hostPortList(),
    SWARM_SERVICE_NAME: dnsName(),
    SWARM_SERVICE_PORT: integer(1, 65_535).optional(),
    DEAD_AFTER: durationMs('10m'),
    REPLACE_AFTER: durationMs('10s'),
    CLUSTER_TLS_CERT_FILE: pemFile(),
    CLUSTER_TLS_KEY_FILE: pemFile(),
    CLUSTER_TLS_CA_FILE: pemFile(),
    SNAPSHOT_LOG_ENTRIES: integer(1, 100_000_000, 100_000),
    SNAPSHOT_LOG_BYTES: integer(1, 1_000_000_000_000, 64 * 1024 * 1024),
    SNAPSHOT_TAIL_ENTRIES: integer(0, 10_000_000, 10_000),
    CHECKPOINT_EVERY: durationMs('30s'),
    ELECTION_TIMEOUT_MS: integer(50, 60_000, 300),
    HEARTBEAT_MS: integer(10, 10_000, 50),
    LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  })
  .refine((env) => env.ELECTION_TIMEOUT_MS >= 3 * env.HEARTBEAT_MS, {
    path: ['ELECTION_TIMEOUT_MS'],
    error: 'must be at least three times HEARTBEAT_MS, so that one lost heartbeat starts no election',
  })
  .refine((env) => env.REPLACE_AFTER >= REPLACE_AFTER_ELECTIONS * env.ELECTION_TIMEOUT_MS, {
    path: ['REPLACE_AFTER'],
    error: `must be at least ${REPLACE_AFTER_ELECTIONS} times ELECTION_TIMEOUT_MS, so that no living member is replaced`,
  })
  .refine((env) => env.DEAD_AFTER >= env.REPLACE_AFTER, {
    path: ['DEAD_AFTER'],
    error: 'must not be less than REPLACE_AFTER',
  })
  .refine(
    (env) =>
      new Set([!env.CLUSTER_TLS_CERT_FILE, !env.CLUSTER_TLS_KEY_FILE, !env.CLUSTER_TLS_CA_FILE]).size === 1,
    {
      path: ['CLUSTER_TLS_CERT_FILE'],
      error: 'needs CLUSTER_TLS_KEY_FILE and CLUSTER_TLS_CA_FILE, and they need it: set all three, or none',
    },
  );

function dnsName(): z.ZodType<string> {
  return z
    .string()
    .default('')
    .refine((name) => name === '' || DNS_NAME.test(name), 'must be a DNS name, without a port');
}

/** The content of the file that it names; empty: none is named. */
function pemFile(): z.ZodType<Buffer | undefined> {
  return z
    .string()
    .optional()
    .transform((path, context) => {
      if (path === undefined) return undefined;
      try {
        return readFileSync(path);
      } catch (error) {
        context.addIssue(`names a file that cannot be read: ${(error as Error).message}`);
        return z.NEVER;
      }
    });
}

export type Config = Readonly<z.output<typeof environmentSchema>>;

/** Prints everything that is wrong and exits with 78, or returns. */
export function readConfig(): Config {
  return readEnvironmentOrExit(environmentSchema);
}

/** Undefined: peers speak in clear; their calls are signed all the same. */
export function peerTls({
  CLUSTER_TLS_CERT_FILE,
  CLUSTER_TLS_KEY_FILE,
  CLUSTER_TLS_CA_FILE,
}: Config): Tls | undefined {
  if (!CLUSTER_TLS_CERT_FILE || !CLUSTER_TLS_KEY_FILE || !CLUSTER_TLS_CA_FILE) return undefined;
  return { cert: CLUSTER_TLS_CERT_FILE, key: CLUSTER_TLS_KEY_FILE, ca: CLUSTER_TLS_CA_FILE };
}

/** The three ways by which nodes are found. */
export function discoverySettings(config: Config): DiscoverySettings {
  const { DISCOVERY_DNS_NAME, SWARM_SERVICE_NAME, SWARM_SERVICE_PORT, PEER_ADDR } = config;
  const dns: { source: PeerSource; name: string; port: number }[] = [];
  if (DISCOVERY_DNS_NAME) dns.push({ source: 'dns', name: DISCOVERY_DNS_NAME, port: PEER_ADDR.port });
  if (SWARM_SERVICE_NAME)
    dns.push({
      source: 'docker-dns',
      name: `tasks.${SWARM_SERVICE_NAME}`,
      port: SWARM_SERVICE_PORT ?? PEER_ADDR.port,
    });
  const dnsServers = config.DISCOVERY_DNS_SERVERS.map(formatHostPort);
  return { seeds: config.DISCOVERY_SEEDS, dns, dnsServers, votersExpected: config.BOOTSTRAP_EXPECT };
}

/** When the log is cut, and where. */
export function snapshotLimits(config: Config): SnapshotLimits {
  return {
    logEntriesMax: config.SNAPSHOT_LOG_ENTRIES,
    logBytesMax: config.SNAPSHOT_LOG_BYTES,
    tailEntries: config.SNAPSHOT_TAIL_ENTRIES,
  };
}
