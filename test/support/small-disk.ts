/**
 * A disk that a pod has for itself: a file system in a file, which can be full, stand still, or fail, as real ones do. Only
 * for root.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { until } from './until.ts';

/** The smallest that mkfs gives a journal, and some. */
const PROBE_BYTES = 8 * 1024 * 1024;
const MIB = 1024 * 1024;
/** Of what is free: others write meanwhile. */
const BALLAST_PART = 0.95;
/** Until those who were killed have let go of their files. */
const RELEASE_MS = 10_000;

export class SmallDisk {
  readonly #path: string;
  readonly #image: string;

  private constructor(path: string, image: string) {
    this.#path = path;
    this.#image = image;
  }

  /** @param path is made, and covered by the disk. What is on the disk lies in `<path>.ext4`. */
  static mount(path: string, bytes: number): SmallDisk {
    const image = `${path}.ext4`;
    mkdirSync(path, { recursive: true });
    writeFileSync(image, '');
    truncateSync(image, bytes);
    // Nothing is kept back for root, who would otherwise have room for ever.
    run('mkfs.ext4', '-q', '-F', '-m', '0', image);
    const disk = new SmallDisk(path, image);
    disk.#mount();
    return disk;
  }

  /** Not a byte more fits on it, until `free`. */
  fill(): { free(): void } {
    const path = join(this.#path, 'ballast');
    const { bavail, bsize } = statfsSync(this.#path);
    // Most of it at once, without a byte written.
    run('fallocate', '-l', String(Math.floor(bavail * bsize * BALLAST_PART)), path);
    const file = openSync(path, 'a');
    for (let bytes = MIB; bytes >= 1; ) {
      try {
        writeSync(file, Buffer.alloc(bytes));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        bytes = Math.floor(bytes / 2);
      }
    }
    closeSync(file);
    return { free: () => rmSync(path) };
  }

  /** Whoever writes to it waits, until `thaw`; at the latest until this process ends. */
  async freeze(): Promise<{ thaw(): Promise<void> }> {
    const script = 'fsfreeze -f "$1" && echo frozen && read -r _; fsfreeze -u "$1"';
    const shell = spawn('sh', ['-c', script, 'sh', this.#path], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // A signal for the tests is not for it.
      detached: true,
    });
    const exit = once(shell, 'exit');
    const first = await Promise.race([once(shell.stdout, 'data').then(() => undefined), exit]);
    if (first) throw new Error(`fsfreeze ended with code ${first[0]}`);
    return {
      thaw: async () => {
        shell.stdin.end();
        await exit;
      },
    };
  }

  /** It has found something wrong with itself, and takes no more writes until `replug`. */
  fail(): void {
    const device = execFileSync('findmnt', ['-n', '-o', 'SOURCE', this.#path], { encoding: 'utf8' }).trim();
    writeFileSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, '1');
  }

  /** As it was, and well again; nobody may use it meanwhile. */
  async replug(): Promise<void> {
    await until(`${this.#path} to be let go of`, RELEASE_MS, async () => {
      run('umount', this.#path);
      return true;
    });
    this.#mount();
  }

  /** At once for all who look; a process that was killed may hold it for a moment still. */
  unmount(): void {
    run('umount', '-l', this.#path);
  }

  #mount(): void {
    run('mount', '-o', 'loop,errors=remount-ro', this.#image, this.#path);
  }
}

/** Undefined: disks of a pod's own can be had; otherwise why not, in words. */
export function diskObstacle(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'agenda-disk-'));
  try {
    run('fsfreeze', '--version');
    SmallDisk.mount(join(directory, 'probe'), PROBE_BYTES).unmount();
    return undefined;
  } catch (error) {
    return `no disk can be mounted: ${(error as Error).message.trim().split('\n').at(-1)}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}
