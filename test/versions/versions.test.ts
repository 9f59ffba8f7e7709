/**
 * The same log on other runtimes than the pinned one, as they stand side by side in a rolling update, and on another
 * kind of processor (emulated, if there is qemu-user). `make test-versions` installs them.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { replayedBy, sampleLog } from '../../services/agenda/src/state-machine/testing/carried-log.ts';
import { dump } from '../../services/agenda/src/state-machine/testing.ts';

const SEED = Number(process.env.SEED || 1);
const HISTORIES = 40;
/** Where Debian's libc6-arm64-cross and libstdc++6-arm64-cross put the libraries. */
const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu';
const EMULATOR = '/usr/bin/qemu-aarch64';

const installed = (name: string) => fileURLToPath(new URL(`node_modules/${name}/bin/node`, import.meta.url));

describe(`a log of ${HISTORIES} random histories (seed ${SEED})`, function () {
  this.timeout(300_000);
  const source = sampleLog(SEED, HISTORIES);
  const state = dump(source.db);

  for (const name of ['node-older', 'node-newer'])
    it(`comes to the same rows and digest on ${name}`, () => {
      const runtime = installed(name);
      const version = execFileSync(runtime, ['--version']).toString().trim();
      assert.notEqual(version, process.version, 'another version than the pinned one');
      assert.ok(replayedBy([runtime], {}, source.entries) === state, `${version} comes to another state`);
    });

  it('comes to the same rows and digest on a 64-bit ARM processor', function () {
    if (!existsSync(EMULATOR) || !existsSync(ARM64_LIBRARIES)) {
      console.warn(
        `no ${EMULATOR} with ${ARM64_LIBRARIES}: qemu-user, libc6-arm64-cross, libstdc++6-arm64-cross`,
      );
      return this.skip();
    }
    const runtime = [EMULATOR, '-L', ARM64_LIBRARIES, installed('node-arm64')] as const;
    const kind = execFileSync(runtime[0], [...runtime.slice(1), '-p', 'process.arch'])
      .toString()
      .trim();
    assert.equal(kind, 'arm64');
    assert.ok(replayedBy(runtime, {}, source.entries) === state, 'it comes to another state');
  });
});
