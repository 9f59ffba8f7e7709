import assert from 'node:assert/strict';
import { closeSync, existsSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { PodProcess } from '@agenda/pod/pod-process';
import Database from 'better-sqlite3';
import { type ApiClient, expect } from '../support/api-client.ts';
import { READY_MS, TestCluster } from '../support/cluster.ts';
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

  /** Every table that is the same on all replicas, row by row. */
  function stateOf(pod: PodProcess): Map<string, unknown[]> {
    const db = new Database(join(test.dataDirOf(pod), 'agenda', 'agenda.db'), { readonly: true });
    try {
      const tables = db
        .prepare(
          "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'local_state' ORDER BY name",
        )
        .all() as { name: string }[];
      return new Map(tables.map(({ name }) => [name, db.prepare(`SELECT * FROM ${name}`).raw().all()]));
    } finally {
      db.close();
    }
  }

  function chainOf(pod: PodProcess): string[] {
    const db = new Database(join(test.dataDirOf(pod), 'audit', 'audit.db'), { readonly: true });
    try {
      const rows = db.prepare('SELECT sequence, log_index, hash FROM records ORDER BY sequence').all();
      return (rows as { sequence: number; log_index: number; hash: Buffer }[]).map(
        ({ sequence, log_index, hash }) => `${sequence} ${log_index} ${hash.toString('hex')}`,
      );
    } finally {
      db.close();
    }
  }

  /** All replicas are the same, row by row, and their trails link by link; at the latest when nothing is written any more. */
  async function assertEqual(): Promise<void> {
    await until('all replicas and their trails are the same', READY_MS, async () => {
      const states = test.pods.map(stateOf);
      assert.ok((states[0]?.get('appointments')?.length ?? 0) > 0);
      const digests = states.map((state) => JSON.stringify([...state]));
      const chains = test.pods.map((pod) => chainOf(pod).join());
      return (new Set(digests).size === 1 && new Set(chains).size === 1) || undefined;
    });
  }

  function countInTrail(pod: PodProcess, action: string): number {
    const trail = new Database(join(test.dataDirOf(pod), 'audit', 'audit.db'), { readonly: true });
    const found = trail
      .prepare('SELECT count(*) AS count FROM records WHERE action = ? AND node_id = ?')
      .get(action, pod.nodeId) as { count: number };
    trail.close();
    return found.count;
  }

  /** The pod's own trail has one more record of that action by it than before. */
  async function untilOneMoreInTrail(pod: PodProcess, action: string, before: number): Promise<void> {
    await until(`${action} in the trail`, READY_MS, async () => {
      await write(2, others(pod));
      return countInTrail(pod, action) > before || undefined;
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
    const before = countInTrail(pod, 'state.lost');
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
    const before = countInTrail(pod, 'state.lost');
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
    assert.ok(!JSON.stringify([...(stateOf(pod).get('appointments') ?? [])]).includes('not so'));
    await withoutAlarms();
  });
});
