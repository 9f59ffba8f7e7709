import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkLinearizability } from './checker.ts';
import { parseJepsenLog } from './jepsen.ts';
import { registerModel } from './models/register.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = join(resolve(ROOT, process.env.VECTORS_DIR || '../shared/vectors'), 'linearizability');

describe('the checker, against histories of etcd that Jepsen recorded', () => {
  if (!existsSync(FOLDER)) {
    it('is skipped where there are no vectors', function () {
      console.log(`      skipped: no vectors at ${FOLDER} (set VECTORS_DIR)`);
      this.skip();
    });
    return;
  }
  const verdicts = readFileSync(join(FOLDER, 'VERDICTS'), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/) as [string, string]);
  it('has a verdict for each of them', () => {
    const logs = readdirSync(FOLDER).filter((name) => name.endsWith('.log'));
    assert.ok(logs.length > 0);
    assert.deepEqual(verdicts.map(([name]) => `${name}.log`).sort(), logs.sort());
  });
  for (const [name, verdict] of verdicts)
    it(`finds ${name} ${verdict}`, () => {
      const operations = parseJepsenLog(readFileSync(join(FOLDER, `${name}.log`), 'utf8'));
      const result = checkLinearizability(registerModel, operations);
      assert.equal(
        result.verdict,
        verdict,
        result.violation?.text ?? `${result.configurations} configurations`,
      );
    });
});
