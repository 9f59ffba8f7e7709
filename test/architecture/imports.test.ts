import assert from 'node:assert/strict';
import { codeOf, importsOf, packageOf, resolveImport } from './imports.ts';
import { RULES } from './rules.ts';

const file = (text: string, path = 'services/audit/src/x.ts') => ({ path, text });

describe('the reader of imports', () => {
  for (const [text, specifier, typeOnly] of [
    ["import { a } from './a.ts';", './a.ts', false],
    ["import a, { b, type C } from './a.ts';", './a.ts', false],
    ["import * as a from 'node:fs';", 'node:fs', false],
    ["import 'side-effect';", 'side-effect', false],
    ['import "double";', 'double', false],
    ["import {\n  a,\n  b,\n} from './a.ts';", './a.ts', false],
    ["import type { A } from './a.ts';", './a.ts', true],
    ["export { a } from './a.ts';", './a.ts', false],
    ["export * from './a.ts';", './a.ts', false],
    ["export type { A } from './a.ts';", './a.ts', true],
    ["  const a = await import('./a.ts');", './a.ts', false],
    ["const load = () => import(\n  './a.ts'\n);", './a.ts', false],
  ] as const)
    it(`sees ${JSON.stringify(text)}`, () => {
      assert.deepEqual(importsOf(file(text)), [{ specifier, typeOnly }]);
    });

  for (const text of [
    "// import { a } from './a.ts';",
    "/* import { a } from './a.ts'; */",
    "/**\n * import { a } from './a.ts';\n */",
    "export const from = 'a';",
    "const important = 'import';",
  ])
    it(`sees no import in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(importsOf(file(text)), []);
    });

  it('blanks strings and comments, and keeps addresses whole', () => {
    const code = codeOf(file('call(\'Date\'); // Date\nopen("http://Date"); /* Date */ done();'));
    assert.doesNotMatch(code, /Date/);
    assert.match(code, /done\(\)/);
  });

  it('finds the file that a relative import leads to', () => {
    assert.equal(resolveImport('a/b/c.ts', '../d/e.ts'), 'a/d/e.ts');
    assert.equal(resolveImport('a/b/c.ts', './e.ts'), 'a/b/e.ts');
    assert.equal(resolveImport('a/b/c.ts', 'zod'), undefined);
  });

  it('names the package of an import', () => {
    assert.equal(packageOf('@agenda/proto/agenda/v1/agenda'), '@agenda/proto');
    assert.equal(packageOf('pino/file'), 'pino');
    assert.equal(packageOf('node:fs'), undefined);
    assert.equal(packageOf('./a.ts'), undefined);
  });
});

describe('a rule of the architecture', () => {
  const CORE = 'services/raft-sidecar/src/core/x.ts';
  const MACHINE = 'services/agenda/src/state-machine/x.ts';
  const KIT = 'packages/service-kit/src/x.ts';
  const ROUTE = 'services/api-gateway/src/clients/x.ts';

  const problems = (path: string, text: string): string[] =>
    RULES.filter((rule) => rule.applies(path)).flatMap((rule) => rule.check(file(text, path)));

  for (const [path, text] of [
    [CORE, "import { join } from 'node:path';"],
    [CORE, "import type { Logger } from '@agenda/service-kit/logger';"],
    [CORE, "import { Entry } from '@agenda/proto/raft/v1/entry';"],
    [CORE, "import type { Driver } from '../runtime/driver.ts';"],
    [CORE, "export * from '../storage/storage.ts';"],
    [CORE, "import('../runtime/driver.ts');"],
    [CORE, 'const now = Date.now();'],
    [CORE, 'setTimeout(tick, 5);'],
    [CORE, 'const jitter = Math.random();'],
    [CORE, 'await step();'],
    [CORE, 'process.exit(1);'],
    [CORE, 'globalThis.clock();'],
    [MACHINE, "import Database from 'better-sqlite3';"],
    [MACHINE, "import { createHash } from 'node:crypto';"],
    [MACHINE, "import { ServiceError } from '@agenda/service-kit/errors';"],
    [MACHINE, "import { Entry } from '@agenda/proto/raft/v1/entry';"],
    [MACHINE, "import { cursorOf } from '../queries/cursor.ts';"],
    [MACHINE, 'const at = new Date(0);'],
    [MACHINE, 'crypto.getRandomValues(bytes);'],
    [MACHINE, "name.localeCompare(other, 'en');"],
    [MACHINE, 'total.toLocaleString();'],
    [MACHINE, 'Temporal.Now.instant();'],
    [MACHINE, "name.normalize('NFC');"],
    ['services/audit/src/x.ts', "import type { Queries } from '../../agenda/src/queries/queries.ts';"],
    ['services/audit/src/x.ts', "import { ensureSecrets } from '@agenda/pod/secrets';"],
    ['services/audit/src/x.test.ts', "import { PodProcess } from '@agenda/pod/pod-process';"],
    [KIT, "import { Supervisor } from '@agenda/pod/supervisor';"],
    [KIT, "import { x } from '../../../services/agenda/src/context.ts';"],
    [KIT, 'const { NODE_ID } = process.env;'],
    ['services/audit/src/context.ts', 'const level = process.env.LOG_LEVEL;'],
    [ROUTE, "import { x } from '../routes/audit.ts';"],
    [ROUTE, "import { x } from '../ws/server.ts';"],
  ] as const)
    it(`is broken by ${JSON.stringify(text)} in ${path}`, () => {
      assert.notDeepEqual(problems(path, text), []);
    });

  for (const [path, text] of [
    [
      CORE,
      "import { quorum } from './quorum.ts';\n// Date.now() and setTimeout are for the runtime.\nexport const date = 'Date';",
    ],
    [CORE.replace('x.ts', 'x.test.ts'), "import assert from 'node:assert/strict';"],
    [
      MACHINE,
      "import type { Database } from 'better-sqlite3';\nimport { Command } from '@agenda/proto/agenda/v1/command';",
    ],
    [MACHINE.replace('x.ts', 'digest.ts'), "import { createHash } from 'node:crypto';"],
    ['services/audit/src/main.ts', 'const level = process.env.LOG_LEVEL;'],
    ['services/api-gateway/src/app.ts', "import { x } from './routes/audit.ts';"],
    ['services/api-gateway/src/routes/x.ts', "import { x } from './audit.ts';"],
    [ROUTE, "import type { X } from '../routes/audit.ts';"],
  ] as const)
    it(`is kept by ${JSON.stringify(text)} in ${path}`, () => {
      assert.deepEqual(problems(path, text), []);
    });
});
