/**
 * By what a file on a running machine can be told from a copy of it: device, inode, and time of birth, under the kernel
 * that runs. A restarted process finds them as they were; a restored or cloned volume does not (docs/adr/0007).
 */
import { readFileSync, statSync } from 'node:fs';

const BOOT_ID = '/proc/sys/kernel/random/boot_id';

export class DiskMark {
  /** Empty: this system tells none. */
  readonly bootId: string;
  readonly device: string;
  readonly inode: string;
  /** Nanoseconds since 1970; "0": the file system tells none. */
  readonly bornAtNs: string;

  private constructor(bootId: string, device: string, inode: string, bornAtNs: string) {
    this.bootId = bootId;
    this.device = device;
    this.inode = inode;
    this.bornAtNs = bornAtNs;
  }

  static of(path: string): DiskMark {
    const { dev, ino, birthtimeNs } = statSync(path, { bigint: true });
    return new DiskMark(readBootId(), String(dev), String(ino), String(birthtimeNs));
  }

  /** Undefined: none was written yet. */
  static parse(text: string): DiskMark | undefined {
    const [bootId, device, inode, bornAtNs] = text.split(' ');
    if (bootId === undefined || device === undefined || inode === undefined || bornAtNs === undefined)
      return undefined;
    return new DiskMark(bootId, device, inode, bornAtNs);
  }

  toString(): string {
    return [this.bootId, this.device, this.inode, this.bornAtNs].join(' ');
  }

  /** The same file under the same kernel: whoever holds its lock knows that nobody else does. */
  isSameAs(before: DiskMark): boolean {
    return this.bootId !== '' && this.toString() === before.toString();
  }

  /** Both must differ: some file systems number their inodes anew, and some know no birth. */
  isCopyOf(before: DiskMark): boolean {
    const born = this.bornAtNs !== '0' && before.bornAtNs !== '0' && this.bornAtNs !== before.bornAtNs;
    return born && this.inode !== before.inode;
  }
}

function readBootId(): string {
  try {
    return readFileSync(BOOT_ID, 'utf8').trim();
  } catch {
    // Not Linux: a restart then counts as a move, and waits for its predecessor to be silent.
    return '';
  }
}
