/**
 * The reader and the writer that generated code uses (docs/adr/0007). Our 64-bit fields are JavaScript numbers; the
 * library would turn each into a BigInt, and to read one, that into a string and the string into the number.
 */
import { BinaryReader as LibraryReader, BinaryWriter as LibraryWriter } from '@bufbuild/protobuf/wire';

/** Bytes of the longest varint that fits a double whatever it holds: 7 × 7 bits. */
const EXACT_BYTES_MAX = 7;
const UINT32_LIMIT = 2 ** 32;
/** What four bytes of a varint hold. */
const FOUR_BYTES_LIMIT = 2 ** 28;
const FOUR_CONTINUATIONS = 0x80808080;

export class BinaryReader extends LibraryReader {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#bytes = bytes;
  }

  /** An int64. @throws Error beyond the safe integers. */
  int64Number(): number {
    return this.#shortVarint() ?? safe(this.int64());
  }

  /** A uint64. @throws Error beyond the safe integers. */
  uint64Number(): number {
    return this.#shortVarint() ?? safe(this.uint64());
  }

  /** Undefined, and nothing is read, where the varint is longer, or not whole. */
  #shortVarint(): number | undefined {
    const bytes = this.#bytes;
    const end = Math.min(this.len, this.pos + EXACT_BYTES_MAX);
    let value = 0;
    let factor = 1;
    for (let at = this.pos; at < end; at++) {
      const byte = bytes[at] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        this.pos = at + 1;
        return value;
      }
      factor *= 0x80;
    }
    return undefined;
  }
}

/** Bytes of one piece of memory that finished messages are cut from. */
const SLAB_BYTES = 32 * 1024;
/** A longer message gets memory of its own, so that little of a slab is left over. */
const CUT_BYTES_MAX = SLAB_BYTES / 8;

let slab = new Uint8Array(SLAB_BYTES);
let slabUsed = 0;

/** A copy that shares its memory with others: whoever keeps it keeps SLAB_BYTES. */
function cut(source: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  if (slabUsed + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    slabUsed = 0;
  }
  slab.set(source.subarray(0, length), slabUsed);
  slabUsed += length;
  return slab.subarray(slabUsed - length, slabUsed);
}

/** What the library's writer keeps to itself: the bytes so far, how many, and where open messages began. */
interface WriterState {
  readonly buffer: Uint8Array;
  pos: number;
  stackPos: number[];
}

export class BinaryWriter extends LibraryWriter {
  /** As the library's; but memory outside the heap for each message costs more than encoding it (docs/adr/0007). */
  override finish(): Uint8Array<ArrayBuffer> {
    const state = this as unknown as WriterState;
    const { buffer, pos } = state;
    if (pos > CUT_BYTES_MAX) return super.finish();
    state.pos = 0;
    state.stackPos = [];
    return cut(buffer, pos);
  }

  override int64(value: string | number | bigint): this {
    return isNatural(value) ? this.#natural(value) : super.int64(value);
  }

  override uint64(value: string | number | bigint): this {
    return isNatural(value) ? this.#natural(value) : super.uint64(value);
  }

  #natural(value: number): this {
    if (value < UINT32_LIMIT) return this.uint32(value);
    const low = value % FOUR_BYTES_LIMIT;
    const fourBytes =
      (low & 0x7f) |
      ((low & 0x3f80) << 1) |
      ((low & 0x1fc000) << 2) |
      ((low & 0xfe00000) << 3) |
      FOUR_CONTINUATIONS;
    return this.fixed32(fourBytes >>> 0).uint32((value - low) / FOUR_BYTES_LIMIT);
  }
}

function isNatural(value: string | number | bigint): value is number {
  return typeof value === 'number' && value >= 0 && Number.isSafeInteger(value);
}

function safe(value: string | bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw new RangeError(`${value} is beyond the integers that a number holds exactly`);
}
