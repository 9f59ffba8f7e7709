import assert from 'node:assert/strict';
import { closeSync, existsSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PodProcess } from '@agenda/pod/pod-process';
import Database from 'better-sqlite3';
import { type ApiClient, expect } from '../support/api-client.ts';
import { READY_MS, TestCluster } from '../support/cluster.ts';
import { countInTrail, stateIn, untilSame } from '../support/replicas.ts';
import { until } from '../support/until.ts';
import { Workload } from '../support/workload.ts';

const LOG_ENTRIES = 150;
const TAIL_ENTRIES = 40;
const SMALL_LOGS = {
  SNAPSHOT_LOG_ENTRIES: String(LOG_ENTRIES),
  SNAPSHOT_TAIL_ENTRIES: String(TAIL_ENTRIES),
  CHECKPOINT_EVERY: '500ms',
  REPLACE_AFTER: '1s',
};

interface Health {
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly lastApplied: number;
  readonly snapshotIndex: number;
  readonly alarms: readonly { readonly code: string }[];
}

describe('three pods with short logs', () => {
  let test: TestCluster;
  let ana: ApiClient;
  let slot = 0;

  before(async () => {
    test = await TestCluster.start(3, SMALL_LOGS);
    ana = await test.client(0).enter('ana');
  });
  after(() => test?.destroy());

  const healthOf = async (pod: PodProcess): Promise<Health> =>
    expect(await ana.at(pod.url).call('GET', '/raft/health'), 200).body;

  /** At least so many more acknowledged writes through these pods. */
  async function write(count: number, pods: readonly PodProcess[] = test.pods): Promise<void> {
    slot += 100_000;
    const urls = pods.map((pod) => pod.url);
    const workload = new Workload(`w${slot}`, ana.token as string, urls, slot).start(8);
    await workload.more(count);
    await workload.stop();
    assert.deepEqual(workload.complaints, []);
  }

  async function follower(): Promise<PodProcess> {
    const leader = await test.cluster.waitLeader(READY_MS);
    return test.pods.find((pod) => pod !== leader) as PodProcess;
  }

  function others(pod: PodProcess): PodProcess[] {
    return test.pods.filter((other) => other !== pod);
  }

  const assertEqual = (): Promise<void> => untilSame(test.pods.map((pod) => test.dataDirOf(pod)));
  const countOf = (pod: PodProcess, action: string): number =>
    countInTrail(test.dataDirOf(pod), action, pod.nodeId);

  /** The pod's own trail has one more record of that action by it than before. */
  async function untilOneMoreInTrail(pod: PodProcess, action: string, before: number): Promise<void> {
    await until(`${action} in the trail`, READY_MS, async () => {
      await write(2, others(pod));
      return countOf(pod, action) > before || undefined;
    });
  }

  async function withoutAlarms(): Promise<void> {
    await until('no alarm stands', READY_MS, async () => {
      const healths = await Promise.all(test.pods.map(healthOf));
      return healths.every(({ alarms }) => alarms.length === 0) || undefined;
    });
  }

  it('cut their logs, each behind a snapshot of its own', async () => {
    await write(5 * LOG_ENTRIES);
    for (const pod of test.pods)
      await until('a short log', READY_MS, async () => {
        const { firstIndex, lastIndex, snapshotIndex } = await healthOf(pod);
        // Nobody copies a database all the time: a log may grow to four times its bound meanwhile.
        const isShort = lastIndex - firstIndex < 4 * LOG_ENTRIES + TAIL_ENTRIES;
        return (isShort && firstIndex > 1 && firstIndex <= snapshotIndex - TAIL_ENTRIES + 1) || undefined;
      });
    await assertEqual();
  });

  it('bring one up to date by a snapshot that was away for longer than the logs reach', async () => {
    const away = await follower();
    const before = await healthOf(away);
    await away.kill();
    await write(4 * LOG_ENTRIES, others(away));
    await until('it is cut off', READY_MS, async () => {
      const healths = await Promise.all(others(away).map(healthOf));
      return healths.every(({ firstIndex }) => firstIndex > before.lastIndex) || undefined;
    });
    away.start();
    await away.waitReady(READY_MS);
    await write(20);
    await until(
      'its log starts behind the snapshot',
      READY_MS,
      async () => (await healthOf(away)).firstIndex > before.lastIndex || undefined,
    );
    await assertEqual();
  });

  it('bring one up to date that lost its disk, while writes go on', async () => {
    const away = await follower();
    await away.kill();
    rmSync(test.dataDirOf(away), { recursive: true });
    const writing = write(4 * LOG_ENTRIES, others(away));
    away.start();
    await writing;
    await away.waitReady(READY_MS);
    await write(20);
    await assertEqual();
  });

  it('rebuild the agenda of a pod that lost its database', async () => {
    const pod = await test.cluster.waitLeader(READY_MS);
    await pod.kill();
    rmSync(join(test.dataDirOf(pod), 'agenda'), { recursive: true });
    pod.start();
    await pod.waitReady(READY_MS);
    await write(20);
    await assertEqual();
  });

  it('put a damaged database of an agenda aside, say so, and rebuild it', async () => {
    const pod = await follower();
    const before = countOf(pod, 'state.lost');
    assert.equal(await pod.stop(), 0);
    const path = join(test.dataDirOf(pod), 'agenda', 'agenda.db');
    const file = openSync(path, 'r+');
    for (let page = 1; page < fstatSync(file).size / 4_096; page++)
      writeSync(file, 'damaged', page * 4_096 + 3);
    closeSync(file);
    pod.start();
    await pod.waitReady(READY_MS);
    assert.ok(existsSync(`${path}.aside`));
    await untilOneMoreInTrail(pod, 'state.lost', before);
    await assertEqual();
  });

  it('quarantine and rebuild a replica whose state differs from that of the majority', async () => {
    const pod = await follower();
    const before = countOf(pod, 'state.lost');
    assert.equal(await pod.stop(), 0);
    const db = new Database(join(test.dataDirOf(pod), 'agenda', 'agenda.db'));
    db.exec("UPDATE machine_state SET digest = randomblob(32); UPDATE appointments SET title = 'not so'");
    db.close();
    pod.start();
    await pod.waitReady(READY_MS);
    for (let round = 0; round < 10; round += 1) await write(5, others(pod));
    await untilOneMoreInTrail(pod, 'state.lost', before);
    await pod.waitReady(READY_MS);
    await assertEqual();
    assert.ok(
      !JSON.stringify([...(stateIn(test.dataDirOf(pod)).get('appointments') ?? [])]).includes('not so'),
    );
    await withoutAlarms();
  });
});
