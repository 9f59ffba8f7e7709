import assert from 'node:assert/strict';
import { DiskError, diskErrorOf } from './disk-error.ts';

describe('what SQLite says of a disk', () => {
  const table: [code: string, alarm: DiskError['alarm'], words: RegExp][] = [
    ['SQLITE_FULL', 'disk_full', /the disk is full: make room on it/],
    ['SQLITE_IOERR_FSYNC', 'disk_failed', /the disk failed \(SQLITE_IOERR_FSYNC\)/],
    ['SQLITE_IOERR_WRITE', 'disk_failed', /the disk failed \(SQLITE_IOERR_WRITE\)/],
    ['SQLITE_READONLY', 'disk_failed', /the disk takes no writes/],
    ['SQLITE_CORRUPT', 'log_corrupt', /the file is damaged .*the node joins anew/],
    ['SQLITE_NOTADB', 'log_corrupt', /the file is damaged/],
  ];
  for (const [code, alarm, words] of table)
    it(`is told in words for ${code}, with what SQLite said as its cause`, () => {
      const cause = Object.assign(new Error('as SQLite has it'), { code });
      const told = diskErrorOf('/data/raft.db', cause);
      assert.ok(told instanceof DiskError);
      assert.equal(told.alarm, alarm);
      assert.match(told.message, words);
      assert.match(told.message, /^\/data\/raft\.db: .* nothing that was acknowledged is lost$/);
      assert.equal(told.cause, cause);
    });

  it('leaves every other failure as it is', () => {
    const bug = new RangeError('a gap');
    assert.equal(diskErrorOf('/data/raft.db', bug), bug);
  });
});
