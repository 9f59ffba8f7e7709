import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { createLogger } from '@agenda/service-kit/logger';
import { DnsServer } from '../testing/dns-server.ts';
import { eventually } from '../testing/eventually.ts';
import { ADDRESSES_MAX, DnsLookup } from './dns-lookup.ts';

const NAME = 'tasks.agenda';
const EVERY_MS = 10;

describe('the lookup of peers by DNS', () => {
  let server: DnsServer;
  let lookup: DnsLookup;
  let lines: { state: string }[];

  beforeEach(async () => {
    server = new DnsServer();
    lines = [];
    const servers = [await server.start()];
    const sink = new Writable({
      write: (line, _encoding, done) => {
        lines.push(JSON.parse(String(line)));
        done();
      },
    });
    const logger = createLogger({ component: 'raft-sidecar', nodeId: 'test', level: 'info' }, sink);
    lookup = new DnsLookup({ name: NAME, port: 7000, logger, servers, everyMs: EVERY_MS, deadlineMs: 50 });
  });

  afterEach(async () => {
    lookup.stop();
    await server.stop();
  });

  async function asked(times: number): Promise<void> {
    const before = server.questions;
    await eventually(() => server.questions >= before + times, `${times} more questions`);
  }

  const states = (): string[] => lines.map(({ state }) => state);

  it('follows the answers as they change', async () => {
    server.set(NAME, ['10.0.0.2', '10.0.0.1']);
    lookup.start();
    await eventually(() => lookup.addresses.length === 2, 'two addresses');
    assert.deepEqual(lookup.addresses, ['10.0.0.1:7000', '10.0.0.2:7000']);
    server.set(NAME, ['10.0.0.3']);
    await eventually(() => lookup.addresses.length === 1, 'one address');
    assert.deepEqual(lookup.addresses, ['10.0.0.3:7000']);
    server.set(NAME, []);
    await eventually(() => lookup.addresses.length === 0, 'no address');
  });

  it('keeps what it knew while the server fails or is silent, and says so once', async () => {
    server.set(NAME, ['10.0.0.1']);
    lookup.start();
    await eventually(() => lookup.addresses.length === 1, 'an address');
    server.mode = 'fail';
    await asked(8);
    await eventually(() => states().length === 2, 'the failure is told');
    server.mode = 'silent';
    await asked(8);
    assert.deepEqual(lookup.addresses, ['10.0.0.1:7000']);
    server.mode = 'answer';
    await eventually(() => states().at(-1) === 'answers' && states().length > 2, 'the answer is told');
    await asked(8);
    assert.equal(new Set(states().map((state, at) => `${state} ${states()[at - 1]}`)).size, states().length);
    assert.ok(states().length <= 4, states().join());
  });

  it('tells a name that nobody knows from a server that does not answer', async () => {
    lookup.start();
    await asked(6);
    await eventually(() => states().length > 0, 'it is told');
    assert.deepEqual(states(), ['knows nobody']);
  });

  it('takes no more than its bound of one answer', async () => {
    const many = Array.from({ length: ADDRESSES_MAX + 4 }, (_, at) => `10.0.1.${at}`);
    server.set(NAME, many);
    lookup.start();
    await eventually(() => lookup.addresses.length > 0, 'an answer');
    assert.equal(lookup.addresses.length, ADDRESSES_MAX);
  });

  it('asks nothing more once it is stopped', async () => {
    server.set(NAME, ['10.0.0.1']);
    lookup.start();
    await asked(4);
    lookup.stop();
    const { questions } = server;
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(server.questions <= questions + 2, 'but what was under way');
  });
});
