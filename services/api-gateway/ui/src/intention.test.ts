import assert from 'node:assert/strict';
import { clientError } from './api/problem.ts';
import { Intention } from './intention.ts';

describe('an intention', () => {
  const unknown = clientError('outcome_unknown', '');
  const refused = clientError('not_sent', '');

  async function keysOf(tries: readonly { content: unknown; error?: Error }[]): Promise<string[]> {
    const intention = new Intention();
    const keys: string[] = [];
    for (const { content, error } of tries) {
      const send = async (key: string) => {
        keys.push(key);
        if (error) throw error;
      };
      await intention.attempt(content, send).catch((thrown) => assert.equal(thrown, error));
    }
    return keys;
  }

  it('keeps its key when the outcome is unknown and the content is the same', async () => {
    const [first, second] = await keysOf([{ content: { a: 1 }, error: unknown }, { content: { a: 1 } }]);
    assert.equal(first, second);
  });

  it('takes a new key for other content', async () => {
    const [first, second] = await keysOf([{ content: { a: 1 }, error: unknown }, { content: { a: 2 } }]);
    assert.notEqual(first, second);
  });

  it('takes a new key after a definite answer', async () => {
    const [first, second] = await keysOf([{ content: { a: 1 }, error: refused }, { content: { a: 1 } }]);
    assert.notEqual(first, second);
  });
});
