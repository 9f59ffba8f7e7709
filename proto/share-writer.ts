/** The last step of `npm run generate`: services encode through `encode.ts` instead of with a writer for each message. */
import { globSync, readFileSync, writeFileSync } from 'node:fs';

const GENERATED = 'gen/**/*.ts';
const OWN_WRITER = /Buffer\.from\((\w+)\.encode\(value\)\.finish\(\)\)/g;
const IMPORTS = /^import \{ BinaryReader, BinaryWriter \} from "@bufbuild\/protobuf\/wire";$/m;

let replaced = 0;
for (const file of globSync(GENERATED)) {
  const before = readFileSync(file, 'utf8');
  const count = before.match(OWN_WRITER)?.length ?? 0;
  if (count === 0) continue;
  if (!IMPORTS.test(before)) throw new Error(`${file} does not import the writer where it did`);
  replaced += count;
  const up = '../'.repeat(file.split('/').length - 1);
  const after = before
    .replace(OWN_WRITER, 'encodeMessage($1, value)')
    .replace(IMPORTS, (line) => `${line}\nimport { encodeMessage } from "${up}encode.ts";`);
  writeFileSync(file, after);
}
if (replaced === 0) throw new Error('ts-proto no longer generates what is replaced here');
