import assert from 'node:assert/strict';
import { EnvironmentError, readEnvironment } from '@agenda/service-kit/environment';
import { environmentSchema } from './config.ts';

describe('configuration of the agenda', () => {
  it('needs a name, a data directory and the cluster secret, and defaults the rest', () => {
    const secret = 's'.repeat(32);
    const config = readEnvironment(environmentSchema, {
      NODE_ID: 'agenda-1',
      DATA_DIR: '/data',
      CLUSTER_HMAC_SECRET: secret,
    });
    assert.deepEqual(config.AGENDA_GRPC_ADDR, { host: '127.0.0.1', port: 7101 });
    assert.deepEqual(config.CLUSTER_HMAC_SECRET, [secret]);
    assert.equal(config.LOG_LEVEL, 'info');
  });

  it('reports everything that is wrong at once', () => {
    const wrong = {
      NODE_ID: 'Agenda 1',
      CLUSTER_HMAC_SECRET: 'short',
      SIDECAR_GRPC_ADDR: 'nowhere',
      LOG_LEVEL: 'loud',
    };
    assert.throws(
      () => readEnvironment(environmentSchema, wrong),
      (error: EnvironmentError) => {
        for (const name of ['NODE_ID', 'DATA_DIR', 'CLUSTER_HMAC_SECRET', 'SIDECAR_GRPC_ADDR', 'LOG_LEVEL'])
          assert.match(error.message, new RegExp(name));
        return error instanceof EnvironmentError;
      },
    );
  });
});
