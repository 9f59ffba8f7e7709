/** Pods that begin with a database made beforehand: as if their log had brought it, and had been cut behind it. */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LocalCluster } from '@agenda/pod/local-cluster';
import { Session, User, UserRole } from '@agenda/proto/agenda/v1/model';
import { uuidv7 } from '@agenda/service-kit/ids';
import { openDatabase } from '../../services/agenda/src/apply/database.ts';
import { type Applied, StateMachine } from '../../services/agenda/src/state-machine/machine.ts';
import { Tokens } from '../../services/api-gateway/src/tokens.ts';
import type { SnapshotMetadata } from '../../services/raft-sidecar/src/core/types.ts';
import { openStorage } from '../../services/raft-sidecar/src/storage/storage.ts';
import { type BenchCluster, startAgenda } from './agenda.ts';
import { DataWriter, sessionId, userId } from './agenda-data-writer.ts';

export interface SeededCluster extends BenchCluster {
  /** Of each user, in their order. */
  readonly tokens: readonly string[];
}

/** @param database of an agenda with these users; left as it is. Undefined: they are all there is. */
export async function startSeeded(database: string | undefined, users: number): Promise<SeededCluster> {
  const directory = mkdtempSync(join(tmpdir(), 'bench-seed-'));
  try {
    if (database) copyFileSync(database, join(directory, 'agenda.db'));
    const at = prepare(directory, users);
    const bench = await startAgenda((cluster, dataDir) =>
      seed(cluster, dataDir, join(directory, 'agenda.db'), at),
    );
    return { ...bench, tokens: await tokensOf(bench.cluster, users) };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @returns where the log goes on. */
function prepare(directory: string, users: number): Applied {
  const db = openDatabase(directory);
  const machine = new StateMachine(db);
  const writer = new DataWriter(machine);
  writer.prepareCreates(users);
  writer.logIn(users);
  // The audit services would be busy with these for as long as the bench runs. To them, the trail begins with it.
  db.exec('DELETE FROM raft_applied; UPDATE local_state SET pruned_index = 0');
  db.close();
  return machine.lastApplied();
}

function seed({ pods }: LocalCluster, dataDir: string, database: string, at: Applied): void {
  const storages = pods.map(({ nodeId }) =>
    openStorage({
      directory: join(dataDir, nodeId, 'raft'),
      nodeId,
      mintInstanceId: () => uuidv7(),
      nowMs: Date.now(),
    }),
  );
  const snapshot: SnapshotMetadata = {
    ...at,
    configuration: {
      voters: storages.map(({ identity }) => identity.memberId).sort(),
      votersOutgoing: [],
      learners: [],
      learnersNext: [],
      autoLeave: false,
      featureLevel: StateMachine.featureLevel,
    },
    configurationIndex: at.index,
  };
  const clusterId = uuidv7();
  for (const { log } of storages) {
    log.write({ hardState: { term: at.term, votedFor: '', commitIndex: 0 }, clusterId, bootstrapped: true });
    log.write({ restored: snapshot });
    log.close();
  }
  for (const { nodeId } of pods) {
    const directory = join(dataDir, nodeId, 'agenda');
    mkdirSync(directory, { recursive: true });
    copyFileSync(database, join(directory, 'agenda.db'));
  }
}

function tokensOf({ secrets }: LocalCluster, users: number): Promise<string[]> {
  const tokens = new Tokens([readFileSync(secrets.env.JWT_SECRET_FILE as string, 'utf8').trim()]);
  return Promise.all(
    Array.from({ length: users }, async (_, number) => {
      const user = User.fromPartial({
        id: userId(number),
        username: `user${number}`,
        role: UserRole.USER_ROLE_MEMBER,
      });
      const session = Session.fromPartial({ id: sessionId(number), userId: user.id, generation: 1 });
      return (await tokens.issue(user, session)).token;
    }),
  );
}
