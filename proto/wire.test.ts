import assert from 'node:assert/strict';
import { BinaryReader as LibraryReader, BinaryWriter as LibraryWriter } from '@bufbuild/protobuf/wire';
import { BinaryReader, BinaryWriter } from './wire.ts';

/** Each power of two with its neighbours: every border between two lengths of a varint is among them. */
const NATURALS = Array.from({ length: 54 }, (_, power) => [2 ** power - 1, 2 ** power, 2 ** power + 1])
  .flat()
  .filter(Number.isSafeInteger);
const NEGATIVES = NATURALS.filter((value) => value > 0).map((value) => -value);

describe('64-bit numbers', () => {
  it('are written as the library writes them', () => {
    for (const value of [...NATURALS, ...NEGATIVES])
      assert.deepEqual(new BinaryWriter().int64(value).finish(), new LibraryWriter().int64(value).finish());
    for (const value of NATURALS)
      assert.deepEqual(new BinaryWriter().uint64(value).finish(), new LibraryWriter().uint64(value).finish());
  });

  it('are read back as they were written, one after the other', () => {
    const writer = new BinaryWriter();
    for (const value of [...NATURALS, ...NEGATIVES]) writer.int64(value);
    for (const value of NATURALS) writer.uint64(value);
    const reader = new BinaryReader(writer.finish());
    for (const value of [...NATURALS, ...NEGATIVES]) assert.equal(reader.int64Number(), value);
    for (const value of NATURALS) assert.equal(reader.uint64Number(), value);
    assert.equal(reader.pos, reader.len);
  });

  it('are read where they are longer than they need be', () => {
    const five = Buffer.from([0x85, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]);
    assert.equal(new BinaryReader(five).int64Number(), 5);
    assert.equal(new BinaryReader(five).uint64Number(), 5);
  });

  it('are refused beyond what a number holds exactly', () => {
    for (const value of [2n ** 53n, 2n ** 63n - 1n]) {
      const bytes = new LibraryWriter().int64(value).finish();
      assert.throws(() => new BinaryReader(bytes).int64Number(), RangeError);
      assert.throws(() => new BinaryReader(bytes).uint64Number(), RangeError);
    }
    assert.throws(() => new BinaryReader(new LibraryWriter().int64(-(2n ** 63n)).finish()).int64Number());
  });

  it('are refused where they are cut off or no integers', () => {
    const bytes = new LibraryWriter().int64(2 ** 40).finish();
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      assert.throws(() => new LibraryReader(cut).int64());
      assert.throws(() => new BinaryReader(cut).int64Number());
    }
    assert.throws(() => new BinaryWriter().int64(1.5));
  });
});

describe('messages that are finished', () => {
  it('keep their bytes, however many and how long are finished after them', () => {
    const writer = new BinaryWriter();
    const lengths = Array.from({ length: 400 }, (_, at) => (at * 37) % 6_000);
    const finished = lengths.map((length) =>
      writer.bytes(new Uint8Array(length).fill(length % 251)).finish(),
    );
    for (const [at, bytes] of finished.entries()) {
      const length = lengths[at] as number;
      assert.deepEqual(new BinaryReader(bytes).bytes(), new Uint8Array(length).fill(length % 251));
    }
  });

  it('leave the writer as new, also after one that was not closed', () => {
    const writer = new BinaryWriter();
    writer.fork().uint32(7).finish();
    assert.deepEqual(writer.uint32(1).finish(), Uint8Array.of(1));
    assert.equal(writer.finish().length, 0);
  });
});
