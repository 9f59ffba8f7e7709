import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
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
    const storage = openStorage({ directory, nodeId, nowMs, mintInstanceId: () => `instance-${++minted}` });
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
    assert.equal(open('agenda-1', 5_000).incarnation, 5_000);
    close();
    assert.equal(open('agenda-1', 4_000).incarnation, 5_001);
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
