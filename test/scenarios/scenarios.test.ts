import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runDirective } from './directives.ts';
import { type Block, parseScript, renderScript } from './script.ts';
import { World } from './world.ts';

const FOLDER = fileURLToPath(new URL('./scripts/', import.meta.url));
const UPDATE = process.env.SCENARIOS_UPDATE === '1';

function outcomesOf(blocks: readonly Block[], name: string): string[][] {
  const world = new World();
  return blocks.map(({ directives, line }) => {
    for (const [at, directive] of directives.entries())
      try {
        runDirective(world, directive);
      } catch (error) {
        throw new Error(`${name}:${line + at}: ${directive}`, { cause: error });
      }
    const trace = world.takeTrace();
    return trace.length > 0 ? trace : ['ok'];
  });
}

describe('the core goes through', () => {
  for (const name of readdirSync(FOLDER).sort())
    it(name.replace(/\.txt$/, '').replaceAll('-', ' '), () => {
      const path = join(FOLDER, name);
      const text = readFileSync(path, 'utf8');
      const blocks = parseScript(text);
      assert.match(text, /^(#.*\n)*#.*§/, 'it begins with what it is about, and where that is written');
      const actual = renderScript(blocks, outcomesOf(blocks, name));
      if (UPDATE) writeFileSync(path, actual);
      else assert.equal(actual, text);
    });
});
