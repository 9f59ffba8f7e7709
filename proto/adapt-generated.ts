/**
 * The last step of `npm run generate`: generated code reads and writes with `wire.ts`, and services encode through
 * `encode.ts` instead of with a writer for each message (docs/adr/0007).
 */
import { globSync, readFileSync, writeFileSync } from 'node:fs';

const GENERATED = 'gen/**/*.ts';
const IMPORTS = /^import \{ BinaryReader, BinaryWriter \} from "@bufbuild\/protobuf\/wire";$/m;
const OWN_WRITER = /Buffer\.from\((\w+)\.encode\(value\)\.finish\(\)\)/g;
const LONG_READ = /longToNumber\(reader\.(u?int64)\(\)\)/g;
const LONG_TO_NUMBER = /^function longToNumber\(.*?^\}\n\n/ms;

const replaced = { ownWriters: 0, longReads: 0 };
for (const file of globSync(GENERATED)) {
  const before = readFileSync(file, 'utf8');
  if (!before.includes('@bufbuild/protobuf/wire')) continue;
  if (!IMPORTS.test(before))
    throw new Error(`${file} does not import the reader and the writer where it did`);
  const up = '../'.repeat(file.split('/').length - 1);
  const ownWriters = before.match(OWN_WRITER)?.length ?? 0;
  replaced.ownWriters += ownWriters;
  replaced.longReads += before.match(LONG_READ)?.length ?? 0;
  const encoder = ownWriters > 0 ? `\nimport { encodeMessage } from "${up}encode.ts";` : '';
  const after = before
    .replace(IMPORTS, `import { BinaryReader, BinaryWriter } from "${up}wire.ts";${encoder}`)
    .replace(OWN_WRITER, 'encodeMessage($1, value)')
    .replace(LONG_READ, 'reader.$1Number()')
    .replace(LONG_TO_NUMBER, '');
  if (after.includes('longToNumber'))
    throw new Error(`${file} reads 64-bit numbers in another way than it did`);
  writeFileSync(file, after);
}
if (replaced.ownWriters === 0 || replaced.longReads === 0)
  throw new Error('ts-proto no longer generates what is replaced here');
