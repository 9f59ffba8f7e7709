import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importsOf, packageOf, type SourceFile } from './imports.ts';
import { RULES } from './rules.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');

function read(path: string): SourceFile {
  return { path, text: readFileSync(join(ROOT, path), 'utf8') };
}

const WORKSPACES: readonly string[] = JSON.parse(read('package.json').text).workspaces;

/** Types and test tools are declared at the root, and the types of a library come with it. */
function declaredFor(path: string): ReadonlySet<string> {
  const workspace = WORKSPACES.filter((folder) => path.startsWith(`${folder}/`)).sort(
    (left, right) => right.length - left.length,
  )[0];
  const manifests = [workspace, /^test\/|\.test\.tsx?$|\/testing(\/|\.ts$)/.test(path) ? '.' : undefined];
  return new Set(
    manifests
      .filter((folder) => folder !== undefined)
      .flatMap((folder) => {
        const { name, dependencies, devDependencies } = JSON.parse(read(join(folder, 'package.json')).text);
        return [name, ...Object.keys({ ...dependencies, ...devDependencies })];
      }),
  );
}

const sources = globSync(['packages/**/*.ts', 'services/**/*.{ts,tsx}', 'test/**/*.ts', 'bench/**/*.ts'], {
  cwd: ROOT,
  exclude: (name) => name === 'node_modules' || name === 'dist' || name === 'gen',
}).map(read);

describe('the architecture', () => {
  for (const rule of RULES) {
    it(rule.name, () => {
      const files = sources.filter(({ path }) => rule.applies(path));
      assert.ok(files.length > 0, 'the rule is for no file at all');
      const broken = files.flatMap((file) => rule.check(file).map((problem) => `${file.path} ${problem}`));
      assert.deepEqual(broken, []);
    });

    it(`can be broken: ${rule.name}`, () => {
      assert.ok(rule.applies(rule.offender.path));
      assert.notDeepEqual(rule.check(rule.offender), []);
    });
  }
});

describe('the dependencies', () => {
  it('are locked without the address of any registry', () => {
    assert.doesNotMatch(read('package-lock.json').text, /"resolved": "https?:/);
  });

  it('are pinned to exact versions', () => {
    const manifests = globSync(
      [
        'package.json',
        '{packages,services}/*/package.json',
        'services/api-gateway/ui/package.json',
        '{proto,test,bench}/package.json',
      ],
      { cwd: ROOT },
    );
    const loose = manifests.flatMap((path) => {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(read(path).text);
      return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
        .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(String(version)))
        .map(([name, version]) => `${path}: ${name} ${version}`);
    });
    assert.deepEqual(loose, []);
  });

  it('are declared by the workspace that uses them, or, for tests, by the root', () => {
    const undeclared = sources.flatMap((file) => {
      const declared = declaredFor(file.path);
      const packages = importsOf(file).flatMap(({ specifier }) => packageOf(specifier) ?? []);
      return packages.filter((name) => !declared.has(name)).map((name) => `${file.path} imports ${name}`);
    });
    assert.deepEqual(undeclared, []);
  });

  it('install without running scripts', () => {
    assert.match(read('.npmrc').text, /^ignore-scripts=true$/m);
  });
});
