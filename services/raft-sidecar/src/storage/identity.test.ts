import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeDirectory, temporaryDirectory } from '../testing/directories.ts';
import { openStorage, type Storage } from './storage.ts';

describe('the identity of a member', () => {
  let directory: string;
  let minted = 0;
  const opened: Storage[] = [];

  beforeEach(() => {
    directory = temporaryDirectory();
    minted = 0;
  });

  afterEach(() => {
    for (const storage of opened.splice(0)) storage.log.close();
    removeDirectory(directory);
  });

  function open(nodeId = 'agenda-1', nowMs = 1_000): Storage {
    const mintInstanceId = () => `instance-${++minted}`;
    const storage = openStorage({ directory, nodeId, nowMs, mintInstanceId, random: () => 0 });
    opened.push(storage);
    return storage;
  }

  function close(): void {
    opened.pop()?.log.close();
  }

  it('is minted with the data directory and kept', () => {
    assert.equal(open().identity.memberId, 'agenda-1#instance-1');
    close();
    assert.equal(open().identity.memberId, 'agenda-1#instance-1');
    assert.equal(minted, 1);
  });

  it('is another one after the disk was lost', () => {
    open();
    close();
    removeDirectory(directory);
    mkdirSync(directory);
    assert.equal(open().identity.memberId, 'agenda-1#instance-2');
  });

  it('grows its incarnation with each start, even if the clock goes back', () => {
    const first = open('agenda-1', 5_000).start;
    close();
    const second = open('agenda-1', 4_000).start;
    assert.equal(first.previousIncarnation, 0);
    assert.equal(second.incarnation, first.incarnation + 1);
    assert.equal(second.previousIncarnation, first.incarnation);
  });

  it('knows that its predecessors on the same file have ended', () => {
    const first = open().start;
    assert.equal(first.sameDiskSince, first.incarnation);
    for (let at = 0; at < 2; at++) {
      close();
      assert.equal(open().start.sameDiskSince, first.incarnation);
    }
  });

  it('does not take a copy for the disk that it was copied from', () => {
    const first = open().start;
    close();
    const original = `${directory}.original`;
    renameSync(directory, original);
    cpSync(original, directory, { recursive: true });
    const { start, identity } = open();
    removeDirectory(original);
    assert.equal(identity.memberId, 'agenda-1#instance-1');
    assert.equal(start.previousIncarnation, first.incarnation);
    assert.equal(start.sameDiskSince, start.incarnation);
  });

  it('begins anew as another member once it is fenced, and keeps what was there', () => {
    open().fence('a younger process speaks for it');
    close();
    const aside = `${directory}.fenced`;
    try {
      const { identity, setAside, log } = open();
      assert.equal(identity.memberId, 'agenda-1#instance-2');
      assert.equal(log.clusterId, '');
      assert.equal(setAside, aside);
      assert.ok(existsSync(join(aside, 'raft.db')));
      close();
      assert.equal(open().setAside, '');
    } finally {
      removeDirectory(aside);
    }
  });

  it("refuses another node's directory and says what to do", () => {
    open();
    close();
    assert.throws(
      () => open('agenda-2'),
      /NODE_ID is "agenda-2".*belongs to "agenda-1": set NODE_ID=agenda-1/,
    );
    open();
  });

  it('refuses a log whose identity is missing or another', () => {
    open();
    close();
    const path = join(directory, 'identity.json');
    rmSync(path);
    assert.throws(() => open(), /identity\.json is missing/);
    writeFileSync(path, JSON.stringify({ nodeId: 'agenda-1', instanceId: 'elsewhere' }));
    assert.throws(() => open(), /one of the two was copied/);
  });

  it('refuses a damaged file', () => {
    writeFileSync(join(directory, 'identity.json'), '{"nodeId":');
    assert.throws(() => open(), /is damaged/);
    writeFileSync(join(directory, 'identity.json'), '{"nodeId": 7}');
    assert.throws(() => open(), /must hold "nodeId" and "instanceId"/);
  });
});
