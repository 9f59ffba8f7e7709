import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockDirectory } from './data-lock.ts';

const MODULE = new URL('./data-lock.ts', import.meta.url).href;
const HOLDER = `
  const { lockDirectory } = await import(process.argv[1]);
  globalThis.lock = lockDirectory(process.argv[2]);
  process.send('held');
  setInterval(() => {}, 60_000);
`;

describe('the lock on a data directory', () => {
  let directory: string;
  let holder: ChildProcess | undefined;

  beforeEach(() => {
    directory = join(mkdtempSync(join(tmpdir(), 'agenda-lock-')), 'data');
  });
  afterEach(() => {
    holder?.kill('SIGKILL');
    rmSync(join(directory, '..'), { recursive: true });
  });

  it('is refused in one line while another process holds it, and free once that one was killed', async () => {
    holder = spawn(process.execPath, ['--input-type=module', '-e', HOLDER, MODULE, directory], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(holder, 'message');
    assert.throws(() => lockDirectory(directory), {
      message: `the data directory ${directory} is in use by another process: stop that one, or give this one a DATA_DIR of its own`,
    });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    lockDirectory(directory).release();
  });

  it('is free again when it was released', () => {
    const lock = lockDirectory(directory);
    assert.throws(() => lockDirectory(directory), /is in use/);
    lock.release();
    lockDirectory(directory).release();
  });
});
