import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { ask } from '../testing/http-client.ts';
import { WsClient } from '../testing/ws-client.ts';

describe('what a hostile client may send to the live connection', () => {
  const gateway = new GatewayProcess();
  let person: Person;

  before(async () => {
    await gateway.start();
    person = await gateway.person('ana');
  });
  after(() => gateway.stop());

  /** What the server answers to an upgrade whose request line and headers are written by hand. */
  async function upgrade(path: string, headers = ''): Promise<string> {
    const { hostname, port } = new URL(gateway.origin);
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (bytes) => {
      answer += bytes;
    });
    socket.on('error', () => {});
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}\r\n`,
    );
    await once(socket, 'close');
    return answer;
  }

  for (const path of ['//', '///', '//[', 'http://[', '/ws%', '*'])
    it(`survives an upgrade of the path ${path}`, async () => {
      assert.match(await upgrade(path), /^HTTP\/1\.1 4\d\d /);
      assert.equal((await ask(gateway.origin, 'GET', '/healthz')).status, 200);
    });

  it('survives an origin that is no URL', async () => {
    assert.match(await upgrade('/ws', 'Origin: http://[\r\n'), /^HTTP\/1\.1 403 /);
    assert.equal((await ask(gateway.origin, 'GET', '/healthz')).status, 200);
  });

  it('survives an upgrade without a WebSocket key', async () => {
    assert.match(await upgrade('/ws'), /^HTTP\/1\.1 4\d\d /);
    assert.equal((await ask(gateway.origin, 'GET', '/healthz')).status, 200);
  });

  it('does not check one renewal before the other has ended', async () => {
    const client = await WsClient.ready(gateway.webSocketUrl, person.token);
    const before = gateway.agenda.callsOf('getMe').length;
    for (let sent = 0; sent < 200; sent += 1) client.send({ type: 'auth', token: person.token });
    assert.equal((await client.closed()).code, 4400);
    assert.ok(gateway.agenda.callsOf('getMe').length - before < 10);
  });
});
