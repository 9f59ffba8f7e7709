import assert from 'node:assert/strict';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { FeedSecrets } from './feed-secrets.ts';

const [OLD, NEW] = ['the-old-secret-of-the-cluster-0123', 'the-new-secret-of-the-cluster-0123'];

describe('the secrets of calendar feeds', () => {
  it('are the same for the same command on every pod, and 32 bytes', () => {
    const commandId = uuidv7Bytes();
    const [secret] = new FeedSecrets([NEW]).of(commandId);
    assert.match(secret ?? '', /^[\w-]{43}$/);
    assert.deepEqual(new FeedSecrets([NEW]).of(commandId), [secret]);
    assert.notDeepEqual(new FeedSecrets([NEW]).of(uuidv7Bytes()), [secret]);
  });

  it("still name what was set while the cluster's secret changes", () => {
    const commandId = uuidv7Bytes();
    const [before] = new FeedSecrets([OLD]).of(commandId);
    const during = new FeedSecrets([NEW, OLD]).of(commandId);
    assert.equal(during[1], before);
    assert.notEqual(during[0], before);
  });
});
