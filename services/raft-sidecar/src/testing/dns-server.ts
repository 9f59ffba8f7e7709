/** A DNS server on loopback that answers for A records (RFC 1035), as it is told to. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

const HEADER_BYTES = 12;
const TYPE_A = 1;
const CODES = { ok: 0, failure: 2, unknownName: 3 } as const;
const ANSWER_FLAGS = 0x8180;
const TTL_SECONDS = 0;

export class DnsServer {
  readonly #socket: Socket = createSocket('udp4');
  readonly #names = new Map<string, readonly string[]>();
  /** How it answers; `silent`: not at all. */
  mode: 'answer' | 'fail' | 'silent' = 'answer';
  questions = 0;

  /** host:port, for a resolver. */
  async start(): Promise<string> {
    this.#socket.on('message', (query, from) => this.#onQuery(query, from));
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  /** IPv4 addresses; none: the name exists and has no address. */
  set(name: string, addresses: readonly string[]): void {
    this.#names.set(name, addresses);
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #onQuery(query: Buffer, from: RemoteInfo): void {
    this.questions += 1;
    if (this.mode === 'silent') return;
    const { name, end } = readName(query);
    const isA = query.readUInt16BE(end) === TYPE_A;
    const found = this.#names.get(name);
    const addresses = this.mode === 'answer' && isA ? (found ?? []) : [];
    const code = this.mode === 'fail' ? CODES.failure : found ? CODES.ok : CODES.unknownName;
    this.#socket.send(answerTo(query, end, code, addresses), from.port, from.address);
  }
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] as number; length > 0; length = query[at] as number) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

function answerTo(query: Buffer, nameEnd: number, code: number, addresses: readonly string[]): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(ANSWER_FLAGS | code, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  // The question's name, type and class.
  const question = query.subarray(HEADER_BYTES, nameEnd + 4);
  return Buffer.concat([header, question, ...addresses.map(record)]);
}

function record(address: string): Buffer {
  const bytes = Buffer.alloc(16);
  // A pointer to the question's name.
  bytes.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  bytes.writeUInt16BE(TYPE_A, 2);
  bytes.writeUInt16BE(1, 4);
  bytes.writeUInt32BE(TTL_SECONDS, 6);
  bytes.writeUInt16BE(4, 10);
  Buffer.from(address.split('.').map(Number)).copy(bytes, 12);
  return bytes;
}
