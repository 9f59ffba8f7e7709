/** `agendactl recover`, in the environment of a pod that does not run. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readEnvironmentOrExit } from '@agenda/service-kit/environment';
import { uuidv7, uuidv7Bytes } from '@agenda/service-kit/ids';
import { z } from 'zod';
import { nodeIdOf } from '../transport/conversions.ts';
import { Recovery, type Survivor } from './recover.ts';

const EXIT_USAGE = 64;
const EXIT_FAILED = 1;
const FLAG = '--accept-loss-of=';

const { DATA_DIR, NODE_ID } = readEnvironmentOrExit(
  z.object({
    DATA_DIR: z.string({ error: 'is missing: the directory that keeps the data' }).min(1),
    NODE_ID: z.string({ error: 'is missing: a name such as agenda-1' }).min(1),
  }),
);

function main(args: readonly string[]): number {
  const directory = join(DATA_DIR, 'raft');
  if (!existsSync(join(directory, 'raft.db'))) throw new Error(`${directory} holds no data of a node`);
  const recovery = new Recovery(directory);
  try {
    const { survivor, lostVoters } = recovery;
    if (nodeIdOf(survivor.memberId) !== NODE_ID)
      throw new Error(`${directory} belongs to ${survivor.memberId}, not to NODE_ID=${NODE_ID}`);
    if (lostVoters.length === 0)
      throw new Error(
        `${survivor.memberId} is the only voter already: start it, there is nothing to recover`,
      );
    process.stdout.write(`${describe(survivor)}\n`);
    const confirmation = `${FLAG}${lostVoters.join(',')}`;
    if (args.length !== 1 || args[0] !== confirmation) {
      process.stderr.write(warning(survivor, lostVoters, confirmation));
      return EXIT_USAGE;
    }
    const id = Buffer.from(uuidv7Bytes(Date.now())).toString('hex');
    const { clusterId } = recovery.carryOut(uuidv7(), id, Date.now());
    process.stdout.write(`${NODE_ID} is the only voter of the new cluster ${clusterId}. Start its pod.\n`);
    process.stdout.write(
      `Empty the data directories of ${lostVoters.join(', ')} before you start them again.\n`,
    );
    return 0;
  } finally {
    recovery.close();
  }
}

function describe({
  memberId,
  clusterId,
  lastIndex,
  lastTerm,
  lastAtMs,
  commitIndex,
  configuration,
}: Survivor): string {
  const lines = [
    ['member', memberId],
    ['cluster', clusterId],
    ['voters', configuration.voters.join(', ')],
    ['last entry', `term ${lastTerm}, index ${lastIndex}, of ${new Date(lastAtMs).toISOString()}`],
    ['committed', `${commitIndex} at least`],
  ];
  return lines.map(([name, value]) => `${String(name).padEnd(12)}${value}`).join('\n');
}

function warning({ memberId }: Survivor, lost: readonly string[], confirmation: string): string {
  return `
WARNING: this makes ${memberId} the only voter of a NEW cluster. Do it only if ${lost.join(', ')} will never
run again with the disks they have. Changes that they acknowledged and this disk does not hold are LOST; so compare
"last entry" on every disk that is left, and recover the one with the greatest term, then index.
Nothing has been changed. If that is what you want, run:

  agendactl recover ${confirmation}
`;
}

try {
  process.exit(main(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`agendactl: ${(error as Error).message}\n`);
  process.exit(EXIT_FAILED);
}
