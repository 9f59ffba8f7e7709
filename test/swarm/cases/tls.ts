import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { REPLICAS } from '../stack.ts';
import { HEALTHY_MS, NOW, SECRETS_DIR, stack } from './context.ts';

describe('with tls.yml', () => {
  it('clients speak HTTPS, peers speak TLS to each other, and the cluster is the one of before', async () => {
    const before = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
    await stack.slots(NOW, 'note');
    await stack.makeSecrets('--tls');
    await stack.remove(HEALTHY_MS);
    await stack.slots(NOW, 'start', 'tls.yml');
    stack.authority = readFileSync(join(SECRETS_DIR, 'tls-v1/tls-ca'), 'utf8');
    await stack.waitRunning(REPLICAS, HEALTHY_MS);
    const after = await stack.waitRedundant(REPLICAS, HEALTHY_MS);
    assert.deepEqual(after.configuration?.voters.toSorted(), before.configuration?.voters.toSorted());
    assert.ok(after.commitIndex > before.commitIndex);
  });
});
