import assert from 'node:assert/strict';
import type { Configuration, Entry } from '../core/types.ts';
import { openRaftDatabase } from '../storage/database.ts';
import { openStorage } from '../storage/storage.ts';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { Recovery } from './recover.ts';

const CONFIGURATION: Configuration = {
  voters: ['agenda-1#1', 'agenda-2#2', 'agenda-3#3'],
  votersOutgoing: [],
  learners: ['agenda-4#4'],
  learnersNext: [],
  autoLeave: false,
  featureLevel: 2,
};

describe('the recovery of a cluster from one disk', () => {
  let directory: string;

  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => removeDirectory(directory));

  function open() {
    return openStorage({ directory, nodeId: 'agenda-1', nowMs: 1_000, mintInstanceId: () => '1' });
  }

  function fill(): void {
    const { log } = open();
    const command = { kind: 'command', data: Buffer.from('not committed yet') } as const;
    const entries: Entry[] = [
      { index: 1, term: 1, timestampMs: 5, payload: { kind: 'configuration', configuration: CONFIGURATION } },
      { index: 2, term: 3, timestampMs: 9, payload: command },
    ];
    log.write({ hardState: { term: 4, votedFor: 'agenda-2#2', commitIndex: 1 }, entries, clusterId: 'x' });
    log.close();
  }

  it('makes it the only voter of another cluster, in a later term, with all that the disk holds', () => {
    fill();
    const recovery = new Recovery(directory);
    assert.deepEqual(recovery.lostVoters, ['agenda-2', 'agenda-3']);
    const record = recovery.carryOut('y', 'ab', 7);
    recovery.close();
    assert.deepEqual(record, {
      id: 'ab',
      atMs: 7,
      fromClusterId: 'x',
      clusterId: 'y',
      lost: ['agenda-2#2', 'agenda-3#3', 'agenda-4#4'],
      index: 3,
    });
    const { log, recovery: left } = open();
    assert.deepEqual(log.hardState, { term: 5, votedFor: '', commitIndex: 3 });
    assert.equal(log.clusterId, 'y');
    assert.ok(log.bootstrapped);
    assert.deepEqual(log.configurations().at(-1), {
      index: 3,
      configuration: { ...CONFIGURATION, voters: ['agenda-1#1'], learners: [] },
    });
    assert.equal(log.entries(3, 3, 1)[0]?.timestampMs, 9, 'the time of the log does not fall');
    assert.deepEqual(JSON.parse(left), record);
    log.close();
  });

  it('changes nothing unless it is carried out', () => {
    fill();
    new Recovery(directory).close();
    const { log } = open();
    assert.deepEqual([log.clusterId, log.lastIndex()], ['x', 2]);
    log.close();
  });

  it('refuses the disk of a node that runs, or that belongs to no cluster', () => {
    const { log } = open();
    assert.throws(() => new Recovery(directory), /is in use by another process/);
    log.close();
    assert.throws(() => new Recovery(directory), /belongs to no cluster/);
    openRaftDatabase(directory).close();
  });
});
