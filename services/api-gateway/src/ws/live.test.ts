import assert from 'node:assert/strict';
import { accessToken, GatewayProcess, type Person } from '../testing/gateway-process.ts';
import { ask } from '../testing/http-client.ts';
import { WsClient } from '../testing/ws-client.ts';

describe('the live connection', () => {
  const gateway = new GatewayProcess();
  const clients: WsClient[] = [];
  let person: Person;
  let people = 0;

  before(() => gateway.start());
  after(() => gateway.stop());
  beforeEach(async () => {
    person = await gateway.person(`live-${++people}`);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  });

  function connect(protocols: string[] = [], headers: Record<string, string> = {}, query = ''): WsClient {
    const client = new WsClient(gateway.webSocketUrl + query, protocols, headers);
    clients.push(client);
    return client;
  }

  async function live(sinceIndex?: number, who = person): Promise<WsClient> {
    const client = await WsClient.ready(gateway.webSocketUrl, who.token, sinceIndex);
    clients.push(client);
    return client;
  }

  const ready = (client: WsClient): Promise<{ index: number; user: { id: string } }> =>
    client.message(({ type }) => type === 'ready');
  const notification = (client: WsClient, text: string): Promise<unknown> =>
    client.message(({ items }) => items?.some((item: Item) => item.notification?.text === text));

  interface Item {
    readonly index: number;
    readonly ordinal: number;
    readonly kind: string;
    readonly notification?: { readonly text: string };
  }

  const texts = (client: WsClient): string[] => client.items.map((item) => item.notification?.text);

  describe('authentication', () => {
    it('goes by the first message', async () => {
      const { index, user } = await ready(await live());
      assert.equal(user.id, person.userId);
      assert.equal(index, gateway.agenda.state.index);
    });

    it('goes by a subprotocol, of which only the name is chosen', async () => {
      const client = connect(['agenda.v1', `bearer.${person.token}`]);
      assert.equal((await ready(client)).user.id, person.userId);
      assert.equal(client.socket.protocol, 'agenda.v1');
    });

    it('goes by a ticket, once', async () => {
      const { status, json } = await ask(gateway.origin, 'POST', '/api/ws-ticket', { token: person.token });
      assert.ok(status === 200 || status === 201);
      assert.equal(json.expiresInSeconds, 30);
      const query = `?ticket=${encodeURIComponent(json.ticket)}`;
      assert.equal((await ready(connect([], {}, query))).user.id, person.userId);
      const again = connect([], {}, query);
      const outcome = await Promise.race([again.refused(), again.closed().then(({ code }) => code)]);
      assert.ok(outcome === 401 || outcome === 4401, `answered ${outcome}`);
    });

    it('refuses a token that is not one', async () => {
      const client = connect();
      await client.opened();
      client.send({ type: 'auth', token: 'nonsense' });
      assert.equal((await client.closed()).code, 4401);
    });

    it('refuses the token of a session that has ended', async () => {
      const token = await accessToken({ sub: person.userId, sid: 'ended', name: person.username });
      const client = connect();
      await client.opened();
      client.send({ type: 'auth', token });
      assert.equal((await client.closed()).code, 4401);
    });

    it('closes on who says nothing', async () => {
      const client = connect();
      assert.equal((await client.closed()).code, 4408);
    }).timeout(8_000);

    it('closes on a message that it does not know', async () => {
      for (const bad of ['not json', { type: 'subscribe' }, { type: 'auth' }]) {
        const client = connect();
        await client.opened();
        client.send(bad);
        assert.equal((await client.closed()).code, 4400, JSON.stringify(bad));
      }
    });

    it('does not upgrade for a page of another origin', async () => {
      assert.equal(await connect([], { origin: 'https://evil.example' }).refused(), 403);
      assert.equal(
        (await ready(connect(['agenda.v1', `bearer.${person.token}`], { origin: gateway.origin }))).user.id,
        person.userId,
      );
    });

    it('lives until the token expires, unless a new one comes', async () => {
      const claims = { sub: person.userId, sid: person.sessionId, name: person.username };
      const short = { ...person, token: await accessToken(claims, { seconds: 2 }) };
      const [left, renewed] = await Promise.all([live(undefined, short), live(undefined, short)]);
      renewed.send({ type: 'auth', token: person.token });
      assert.equal((await left.closed()).code, 4401);
      gateway.agenda.notify(person.userId, 'still here');
      await notification(renewed, 'still here');
    });

    it('closes when the session ends, and only that session', async () => {
      const other = gateway.agenda.addSession(person.userId);
      const token = await accessToken({ sub: person.userId, sid: other, name: person.username });
      const [mine, theirs] = [await live(), await live(undefined, { ...person, token })];
      const value = { sessionIds: [person.sessionId] };
      gateway.agenda.state.happen([person.userId], { $case: 'sessionsEnded', value });
      assert.equal((await mine.closed()).code, 4401);
      gateway.agenda.notify(person.userId, 'for the other');
      await notification(theirs, 'for the other');
    });
  });

  describe('events', () => {
    it('reach every connection of the user, and nobody else', async () => {
      const stranger = await gateway.person(`stranger-${++people}`);
      const [one, two, other] = [await live(), await live(), await live(undefined, stranger)];
      gateway.agenda.notify(person.userId, 'hello');
      await Promise.all([notification(one, 'hello'), notification(two, 'hello')]);
      gateway.agenda.notify(stranger.userId, 'yours');
      await notification(other, 'yours');
      assert.deepEqual(texts(other), ['yours']);
    });

    it('of one log entry come together, in the order of their ordinals', async () => {
      const client = await live();
      const index = gateway.agenda.state.happen(
        [person.userId],
        { $case: 'appointmentRemoved', value: { appointmentId: 'a', version: 2 } },
        { $case: 'notificationsRead', value: { notificationId: '' } },
      );
      const { items } = await client.message(
        (message) => message.type === 'events' && message.index >= index,
      );
      assert.deepEqual(
        items.map(({ index: at, ordinal, kind }: Item) => [at, ordinal, kind]),
        [
          [index, 0, 'appointment_removed'],
          [index, 1, 'notifications_read'],
        ],
      );
      assert.equal(items[1].notificationId, null);
    });

    it('resume where a client left off, without a gap or a repeat, while more of them come', async () => {
      const since = gateway.agenda.state.index;
      const expected: string[] = [];
      const notify = (): void => {
        expected.push(`n${expected.length}`);
        gateway.agenda.notify(person.userId, expected.at(-1) as string);
      };
      for (let count = 0; count < 300; count += 1) notify();
      const connecting = live(since);
      for (let turn = 0; turn < 100; turn += 1) {
        notify();
        await new Promise(setImmediate);
      }
      const client = await connecting;
      notify();
      await notification(client, expected.at(-1) as string);
      assert.deepEqual(texts(client), expected);
    });

    it('tell a client to start over when its position is no longer kept', async () => {
      const index = gateway.agenda.notify(person.userId, 'forgotten').index;
      gateway.agenda.state.prunedUpTo = index;
      const client = await live(index - 1);
      const reset = await client.message(({ type }) => type === 'reset');
      assert.ok(reset.index >= index);
      gateway.agenda.notify(person.userId, 'afterwards');
      await notification(client, 'afterwards');
      gateway.agenda.state.prunedUpTo = 0;
    });

    it('are not lost when the stream from the agenda breaks', async () => {
      const client = await live();
      gateway.agenda.breakEventStreams();
      gateway.agenda.notify(person.userId, 'while it was broken');
      await notification(client, 'while it was broken');
      gateway.agenda.notify(person.userId, 'and again');
      await notification(client, 'and again');
      assert.deepEqual(texts(client), ['while it was broken', 'and again']);
    });
  });

  describe('bounds', () => {
    it('closes on a message that is too large', async () => {
      const client = await live();
      client.send({ type: 'auth', token: 'x'.repeat(17 * 1024) });
      assert.ok([1009, 4400].includes((await client.closed()).code));
    });

    it('lets go of a client that does not read', async () => {
      const client = await live();
      client.socket.pause();
      const text = 'x'.repeat(60 * 1024);
      const seen = gateway.agenda.callsOf('getMe').length;
      for (let sent = 0; sent < 1_000; sent += 1) {
        gateway.agenda.notify(person.userId, text);
        if (sent % 20 === 19) await new Promise(setImmediate);
      }
      await ask(gateway.origin, 'GET', '/api/me', { token: person.token });
      assert.ok(gateway.agenda.callsOf('getMe').length > seen, 'the gateway still answers');
      client.socket.resume();
      assert.ok([1006, 4413].includes((await client.closed()).code));
    });
  });
});

describe('a gateway that is asked to stop', () => {
  const gateway = new GatewayProcess();

  before(() => gateway.start());
  after(() => gateway.stop());

  it('finishes what is under way, says goodbye to the sockets, and exits with 0', async () => {
    const person = await gateway.person('last');
    const client = await WsClient.ready(gateway.webSocketUrl, person.token);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const arrived = new Promise<void>((resolve) => {
      gateway.agenda.before = ({ method }) => {
        if (method !== 'getMe') return undefined;
        resolve();
        return held;
      };
    });
    const pending = ask(gateway.origin, 'GET', '/api/me', { token: person.token });
    await arrived;
    const stopped = gateway.stopGateway();
    await ask(gateway.origin, 'GET', '/healthz').then(
      () => undefined,
      () => undefined,
    );
    release();
    assert.equal((await pending).status, 200);
    assert.equal((await client.closed()).code, 1001);
    assert.equal(await stopped, 0);
  });
});
