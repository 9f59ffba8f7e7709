/** Test data of other projects, which is not part of this one: found where VECTORS_DIR says. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));

export interface VectorText {
  readonly name: string;
  readonly text: string;
}

/**
 * Every file of the folder with that ending, by name. VECTORS_DIR is taken from the repository's root.
 *
 * @returns undefined, with a line that says so: the folder is not there.
 */
export function readVectorTexts(folder: string, ending: string): readonly VectorText[] | undefined {
  const path = join(resolve(ROOT, process.env.VECTORS_DIR || '../shared/vectors'), folder);
  if (!existsSync(path)) {
    console.log(`      skipped: no vectors at ${path} (set VECTORS_DIR)`);
    return undefined;
  }
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(path, name), 'utf8') }));
}
