import assert from 'node:assert/strict';
import { readVectorTexts } from '@agenda/service-kit/testing/vectors';
import { checkLinearizability } from './checker.ts';
import { parseJepsenLog } from './jepsen.ts';
import { registerModel } from './models/register.ts';

describe('the checker, against histories of etcd that Jepsen recorded', () => {
  const texts = readVectorTexts('linearizability', '');
  if (!texts) {
    it('is skipped where there are no vectors', function () {
      this.skip();
    });
    return;
  }
  const textOf = (name: string): string => texts.find((file) => file.name === name)?.text ?? '';
  const verdicts = textOf('VERDICTS')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/) as [string, string]);
  it('has a verdict for each of them', () => {
    const logs = texts.map(({ name }) => name).filter((name) => name.endsWith('.log'));
    assert.ok(logs.length > 0);
    assert.deepEqual(verdicts.map(([name]) => `${name}.log`).sort(), logs.sort());
  });
  let agreed = 0;
  after(() => console.log(`      ${agreed} of ${verdicts.length} histories`));
  for (const [name, verdict] of verdicts)
    it(`finds ${name} ${verdict}`, () => {
      const operations = parseJepsenLog(textOf(`${name}.log`));
      const result = checkLinearizability(registerModel, operations);
      assert.equal(
        result.verdict,
        verdict,
        result.violation?.text ?? `${result.configurations} configurations`,
      );
      agreed += 1;
    });
});
