/** Which process holds the other end of a connection on loopback: what tells peers apart that all come from 127.0.0.1. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

const TABLE = '/proc/net/tcp';

/** Linux says it in /proc; nobody else does. */
export const KNOWS_SOCKET_OWNERS = existsSync(TABLE);

/** The one of these processes that has a connection from one local port to another; undefined: none of them. */
export function ownerOf(fromPort: number, toPort: number, pids: Iterable<number>): number | undefined {
  const inode = inodeOf(fromPort, toPort);
  if (inode === undefined) return undefined;
  for (const pid of pids) if (holds(pid, `socket:[${inode}]`)) return pid;
  return undefined;
}

/** Its lines: number, local address, remote address, state, queues, timer, retransmissions, user, timeout, inode, … */
function inodeOf(fromPort: number, toPort: number): string | undefined {
  for (const line of readFileSync(TABLE, 'utf8').split('\n').slice(1)) {
    const [, local, remote, , , , , , , inode] = line.trim().split(/\s+/);
    if (portOf(local) === fromPort && portOf(remote) === toPort) return inode;
  }
  return undefined;
}

function portOf(address = ''): number {
  return Number.parseInt(address.split(':')[1] ?? '', 16);
}

function holds(pid: number, socket: string): boolean {
  const directory = `/proc/${pid}/fd`;
  try {
    return readdirSync(directory).some((name) => linkOf(`${directory}/${name}`) === socket);
  } catch (error) {
    // The process has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    // Closed meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
