import assert from 'node:assert/strict';
import { GatewayProcess } from '../testing/gateway-process.ts';
import { WsClient } from '../testing/ws-client.ts';

describe('an idle live connection', () => {
  const gateway = new GatewayProcess();

  before(() => gateway.start({ WEBSOCKET_HEARTBEAT_MS: '100' }));
  after(() => gateway.stop());

  it('learns how far the log is, so that a late resume reads no long history', async () => {
    const [idle, busy] = [await gateway.person('idle'), await gateway.person('busy')];
    const client = await WsClient.ready(gateway.webSocketUrl, idle.token);
    const { index } = gateway.agenda.notify(busy.userId, 'not for the idle one');
    const told = await client.message(({ type, index: at }) => type === 'events' && at >= index);
    assert.deepEqual(told, { type: 'events', index, items: [] });
    await client.close();

    const streams = gateway.agenda.eventRequests.length;
    const resumed = await WsClient.ready(gateway.webSocketUrl, idle.token, told.index);
    gateway.agenda.notify(idle.userId, 'news');
    await resumed.message(({ items }) => items?.[0]?.notification?.text === 'news');
    assert.equal(gateway.agenda.eventRequests.length, streams, 'no history was read');
    await resumed.close();
  });

  it('is told nothing where nothing happened', async () => {
    const person = await gateway.person('unbothered');
    const client = await WsClient.ready(gateway.webSocketUrl, person.token);
    for (let pings = 0; pings < 3; pings += 1)
      await new Promise((resolve) => client.socket.once('ping', resolve));
    assert.deepEqual(
      client.messages.map(({ type }) => type),
      ['ready'],
    );
    await client.close();
  });

  it('is let go when it does not answer a ping', async () => {
    const person = await gateway.person('frozen');
    const client = await WsClient.ready(gateway.webSocketUrl, person.token);
    client.socket.pause();
    const left = (): boolean => /websocket_connections(\{[^}]*\})? 0/.test(metrics);
    let metrics = '';
    while (!left()) metrics = await (await fetch(`${gateway.origin}/metrics`)).text();
    client.socket.resume();
    assert.equal((await client.closed()).code, 1006);
  });
});
