import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { EnvironmentError, readEnvironment } from '@agenda/service-kit/environment';
import { environmentSchema } from './config.ts';

const GOOD = {
  NODE_ID: 'agenda-1',
  CLUSTER_HMAC_SECRET: 'c'.repeat(32),
  JWT_SECRET: 'j'.repeat(32),
  AUDIT_API_TOKEN: 'a'.repeat(16),
};
const NO_PEM = fileURLToPath(import.meta.url);

describe('the configuration of the gateway', () => {
  function problems(env: Record<string, string>): readonly string[] {
    try {
      readEnvironment(environmentSchema, { ...GOOD, ...env });
      return [];
    } catch (error) {
      assert.ok(error instanceof EnvironmentError);
      return error.problems;
    }
  }

  it('needs a name and three secrets, and has a default for the rest', () => {
    const config = readEnvironment(environmentSchema, GOOD);
    assert.deepEqual(config.HTTP_ADDR, { host: '0.0.0.0', port: 8080 });
    assert.deepEqual(config.JWT_SECRET, [GOOD.JWT_SECRET]);
  });

  it('lists everything that is wrong at once', () => {
    const found = problems({ NODE_ID: 'Agenda 1', JWT_SECRET: 'short', AUDIT_API_TOKEN: '', HTTP_ADDR: 'x' });
    for (const name of ['NODE_ID', 'JWT_SECRET', 'AUDIT_API_TOKEN', 'HTTP_ADDR'])
      assert.equal(found.filter((line) => line.startsWith(`${name} `)).length, 1, found.join('\n'));
  });

  it('wants a certificate and a key, or neither', () => {
    assert.match(problems({ TLS_CERT_FILE: NO_PEM }).join(), /set both or none/);
    assert.match(problems({ TLS_KEY_FILE: NO_PEM }).join(), /set both or none/);
  });

  it('names a TLS file that cannot be read or is none', () => {
    const missing = problems({ TLS_CERT_FILE: '/not/there', TLS_KEY_FILE: NO_PEM });
    assert.match(missing.join(), /^TLS_CERT_FILE names a file that cannot be read/);
    assert.match(problems({ TLS_CERT_FILE: NO_PEM, TLS_KEY_FILE: NO_PEM }).join(), /must be a certificate/);
  });
});
