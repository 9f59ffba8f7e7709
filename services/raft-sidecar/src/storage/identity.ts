/**
 * Who this member is. NODE_ID is a name that outlives disks; the instance id is minted with the data directory. A node
 * that comes back without its disk is another member, so it never votes with a blank memory (design §4).
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { MemberId } from '../core/types.ts';
import { memberIdOf } from '../transport/conversions.ts';

const FILE_NAME = 'identity.json';

export interface Identity {
  readonly nodeId: string;
  readonly instanceId: string;
  readonly memberId: MemberId;
}

export interface IdentityOptions {
  readonly directory: string;
  readonly nodeId: string;
  /** The member that raft.db says it belongs to; empty: a new database. */
  readonly storedMemberId: MemberId;
  /** Makes the instance id of a new data directory. */
  readonly mint: () => string;
}

/**
 * Reads `identity.json`, or writes it if the data directory is new. The caller holds the lock on the directory.
 *
 * @throws Error if the directory belongs to another node, or if the file and the database do not belong together.
 */
export function openIdentity(options: IdentityOptions): Identity {
  const { directory, nodeId, storedMemberId } = options;
  const path = join(directory, FILE_NAME);
  const stored = read(path);
  if (!stored && storedMemberId !== '')
    throw new Error(
      `${path} is missing, but raft.db beside it belongs to ${storedMemberId}: restore the file, or empty the directory so that the node joins anew`,
    );
  const identity = stored ?? mint(path, nodeId, options.mint);
  if (identity.nodeId !== nodeId)
    throw new Error(
      `NODE_ID is "${nodeId}", but the data directory ${directory} belongs to "${identity.nodeId}": set NODE_ID=${identity.nodeId}, or give this node a DATA_DIR of its own`,
    );
  if (storedMemberId !== '' && storedMemberId !== identity.memberId)
    throw new Error(
      `${path} names ${identity.memberId}, but raft.db beside it belongs to ${storedMemberId}: one of the two was copied from elsewhere`,
    );
  return identity;
}

function read(path: string): Identity | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const { nodeId, instanceId } = parse(path, text);
  if (typeof nodeId !== 'string' || typeof instanceId !== 'string')
    throw new Error(`${path} is damaged: it must hold "nodeId" and "instanceId"`);
  return { nodeId, instanceId, memberId: memberIdOf(nodeId, instanceId) };
}

function parse(path: string, text: string): { nodeId?: unknown; instanceId?: unknown } {
  try {
    return JSON.parse(text) as { nodeId?: unknown; instanceId?: unknown };
  } catch (error) {
    throw new Error(`${path} is damaged: ${(error as Error).message}`, { cause: error });
  }
}

function mint(path: string, nodeId: string, mintInstanceId: () => string): Identity {
  const instanceId = mintInstanceId();
  writeAtomically(path, `${JSON.stringify({ nodeId, instanceId }, null, 2)}\n`);
  return { nodeId, instanceId, memberId: memberIdOf(nodeId, instanceId) };
}

/** After a crash there is either the whole file or none. */
function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.tmp`;
  const file = openSync(temporary, 'w', 0o644);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const directory = openSync(join(path, '..'), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
