/** The secrets of a local cluster: made once, kept in files that only their owner can read. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SECRET_BYTES = 32;
const PASSWORD_BYTES = 9;

export interface ClusterSecrets {
  readonly hmac: string;
  readonly auditToken: string;
  readonly demoPassword: string;
  /** For the pods: each secret by its file. */
  readonly env: Readonly<Record<string, string>>;
  readonly auditTokenFile: string;
}

export function ensureSecrets(directory: string): ClusterSecrets {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(directory, name);
  const ensure = (name: string, make: () => string): string => {
    if (!existsSync(file(name))) writeFileSync(file(name), `${make()}\n`, { mode: 0o600, flag: 'wx' });
    return readFileSync(file(name), 'utf8').trim();
  };
  const hex = (): string => randomBytes(SECRET_BYTES).toString('hex');
  const hmac = ensure('cluster-hmac', hex);
  ensure('jwt', hex);
  const auditToken = ensure('audit-token', hex);
  const demoPassword = ensure('demo-password', () => randomBytes(PASSWORD_BYTES).toString('base64url'));
  return {
    hmac,
    auditToken,
    demoPassword,
    auditTokenFile: file('audit-token'),
    env: {
      // Whoever has them in the environment would give each pod two; empty counts as not set.
      CLUSTER_HMAC_SECRET: '',
      JWT_SECRET: '',
      AUDIT_API_TOKEN: '',
      CLUSTER_HMAC_SECRET_FILE: file('cluster-hmac'),
      JWT_SECRET_FILE: file('jwt'),
      AUDIT_API_TOKEN_FILE: file('audit-token'),
    },
  };
}
