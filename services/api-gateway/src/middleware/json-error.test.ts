import assert from 'node:assert/strict';
import { locateJsonError } from './json-error.ts';

/** The mark shows where the error is; it is not part of the text. */
const MARK = '▲';

describe('the place of a JSON error', () => {
  for (const marked of [
    '▲',
    '  ▲',
    '{"a":1▲',
    '{"a":▲x}',
    '{"a":▲01}',
    '{"a":1,▲}',
    '{▲a:1}',
    '{"a"▲ 1}'.replace('▲ ', ' ▲'),
    '[1,▲]',
    '[1 ▲2]',
    '[1▲}',
    '{"a":1}▲}',
    '{} ▲{}',
    '{"a":▲"x\ny"}',
    '{"a":▲"\\q"}',
    '{"a":▲"open}',
    '[true, false, null, -1.5e3, ▲tru]',
    '{\n  "a": 1,\n  "b": ▲y\n}',
  ])
    it(`is found in ${JSON.stringify(marked)}`, () => {
      const at = marked.indexOf(MARK);
      const text = marked.replace(MARK, '');
      assert.throws(() => JSON.parse(text), SyntaxError);
      const before = marked.slice(0, at).split('\n');
      assert.deepEqual(locateJsonError(text), {
        line: before.length,
        column: (before.at(-1) ?? '').length + 1,
      });
    });

  it('is found soon in a text that is as large as a body may be', () => {
    const text = `${'['.repeat(100_000)}${'"'.repeat(1)}${'a'.repeat(150_000)}`;
    const startedAt = performance.now();
    assert.deepEqual(locateJsonError(text), { line: 1, column: 100_001 });
    assert.ok(performance.now() - startedAt < 1_000);
  });
});
