import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ProposeRequest, SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { StateMachineService } from '@agenda/proto/raft/v1/state_machine';
import { Metadata } from '@grpc/grpc-js';
import pino from 'pino';
import { ServiceError } from './errors.ts';
import { GrpcChannel } from './grpc-client.ts';
import { GrpcServer, type GrpcServerOptions, type Handlers } from './grpc-server.ts';
import { receiverOf } from './nonces.ts';
import { currentRequest, runWithRequest } from './request-context.ts';
import { Signer, Verifier } from './signature.ts';

const RECEIVER = receiverOf('agenda-1', 'raft-sidecar');
const SECRET = 'a'.repeat(32);
const OTHER_SECRET = 'b'.repeat(32);
const DEADLINE_MS = 2_000;
const logger = pino({ level: 'silent' });

type SidecarHandlers = Handlers<typeof SidecarService>;

describe('gRPC between services', () => {
  const closers: (() => Promise<void> | void)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function serve(handlers: SidecarHandlers, options: Partial<GrpcServerOptions> = {}, port = 0) {
    const server = new GrpcServer({ verifier: new Verifier(RECEIVER, [SECRET]), logger, ...options });
    server.addService(SidecarService, handlers);
    const bound = await server.listen({ host: '127.0.0.1', port });
    closers.push(() => server.close(100));
    return { server, port: bound };
  }

  function channelTo(port: number, secret = SECRET): GrpcChannel {
    const signer = new Signer('agenda-9', [secret]);
    const channel = new GrpcChannel({
      address: { host: '127.0.0.1', port },
      receiver: RECEIVER,
      signer,
      logger,
    });
    closers.push(() => channel.close());
    return channel;
  }

  const echo: SidecarHandlers = {
    propose: (request) => ({ index: request.command.length, term: 1 }),
  };
  const proposal = (length: number): ProposeRequest => ({ command: new Uint8Array(length) });

  for (const form of ['client', 'carried'] as const) {
    it(`answers a signed unary call (${form}) and tells the handler who signed it`, async () => {
      let signer = '';
      const { port } = await serve({
        propose: (request, context) => {
          signer = context.nodeId;
          return { index: request.command.length, term: 7 };
        },
      });
      const answer = await channelTo(port)
        [form](SidecarService)
        .propose(proposal(5), { deadlineMs: DEADLINE_MS });
      assert.deepEqual(answer, { index: 5, term: 7 });
      assert.equal(signer, 'agenda-9');
    });

    it(`carries an error with its fields, retry time and payload (${form})`, async () => {
      const { port } = await serve({
        propose: () => {
          throw new ServiceError('conflict', 'taken', {
            fields: [{ path: 'start', message: 'is taken' }],
            retryAfterMs: 250,
            payload: new Uint8Array([1, 2]),
          });
        },
      });
      const call = channelTo(port)[form](SidecarService).propose(proposal(1), { deadlineMs: DEADLINE_MS });
      await assert.rejects(call, (error: ServiceError) => {
        assert.equal(error.code, 'conflict');
        assert.equal(error.message, 'taken');
        assert.deepEqual(error.fields, [{ path: 'start', message: 'is taken' }]);
        assert.equal(error.retryAfterMs, 250);
        assert.deepEqual([...(error.payload ?? [])], [1, 2]);
        return true;
      });
    });

    it(`hides what an unexpected throw says (${form})`, async () => {
      const { port } = await serve({
        propose: () => {
          throw new Error('the password is hunter2');
        },
      });
      const call = channelTo(port)[form](SidecarService).propose(proposal(1), { deadlineMs: DEADLINE_MS });
      await assert.rejects(
        call,
        (error: ServiceError) => error.code === 'internal' && !/hunter2/.test(error.message),
      );
    });

    it(`answers unimplemented for a method without a handler (${form})`, async () => {
      const { port } = await serve(echo);
      const call = channelTo(port)[form](SidecarService).readIndex({}, { deadlineMs: DEADLINE_MS });
      await assert.rejects(call, { code: 'unimplemented' });
    });

    it(`rejects with timeout when the deadline passes, and tells the handler its deadline (${form})`, async () => {
      let leftMs = 0;
      const { port } = await serve({
        propose: (_request, context) => {
          leftMs = context.deadlineAtMs - performance.now();
          return new Promise(() => {});
        },
      });
      const call = channelTo(port)[form](SidecarService).propose(proposal(1), { deadlineMs: 150 });
      await assert.rejects(call, (error: ServiceError) => error.code === 'timeout' && error.outcomeUnknown);
      assert.ok(leftMs > 0 && leftMs <= 151, `the handler saw ${leftMs} ms`);
    });

    it(`passes the request id on (${form})`, async () => {
      let seen: string | undefined;
      const { port } = await serve({
        propose: () => {
          seen = currentRequest()?.requestId;
          return { index: 1, term: 1 };
        },
      });
      const client = channelTo(port)[form](SidecarService);
      await runWithRequest({ requestId: 'req-1', deadlineAtMs: 0 }, () =>
        client.propose(proposal(1), { deadlineMs: DEADLINE_MS }),
      );
      assert.equal(seen, 'req-1');
    });
  }

  it('refuses a call that is signed with another secret, before its body is decoded, and reports it', async () => {
    const refusals: string[] = [];
    let handled = 0;
    const { port } = await serve(
      { propose: () => ({ index: ++handled, term: 1 }) },
      { onRefused: (refused) => refusals.push(`${refused.method} ${refused.reason}`) },
    );
    const client = channelTo(port, OTHER_SECRET).client(SidecarService);
    await assert.rejects(client.propose(proposal(1), { deadlineMs: DEADLINE_MS }), {
      code: 'unauthenticated',
    });
    assert.equal(handled, 0);
    assert.deepEqual(refusals, ['/raft.v1.Sidecar/Propose signature refused: the signature does not match']);
  });

  it('refuses and reports a call that was recorded on its way to another node', async () => {
    const refusals: string[] = [];
    let handled = 0;
    const { port } = await serve(
      { propose: () => ({ index: ++handled, term: 1 }) },
      {
        verifier: new Verifier(receiverOf('agenda-2', 'raft-sidecar'), [SECRET]),
        onRefused: ({ method, reason }) => refusals.push(`${method} ${reason}`),
      },
    );
    const client = channelTo(port).client(SidecarService);
    await assert.rejects(client.propose(proposal(1), { deadlineMs: DEADLINE_MS }), {
      code: 'unauthenticated',
    });
    assert.equal(handled, 0);
    const reason = 'the call is for agenda-1/raft-sidecar, and this is agenda-2/raft-sidecar';
    assert.deepEqual(refusals, [`/raft.v1.Sidecar/Propose signature refused: ${reason}`]);
  });

  it('fails carried calls when the stream is signed with another secret', async () => {
    const { port } = await serve(echo);
    const call = channelTo(port, OTHER_SECRET)
      .carried(SidecarService)
      .propose(proposal(1), { deadlineMs: 300 });
    await assert.rejects(call, (error: ServiceError) => error.code === 'unavailable' && error.nothingDone);
  });

  it('accepts the old and the new secret during a rotation', async () => {
    const { port } = await serve(echo, { verifier: new Verifier(RECEIVER, [OTHER_SECRET, SECRET]) });
    for (const secret of [SECRET, OTHER_SECRET])
      for (const form of ['client', 'carried'] as const) {
        const client = channelTo(port, secret)[form](SidecarService);
        assert.equal((await client.propose(proposal(3), { deadlineMs: DEADLINE_MS })).index, 3);
      }
  });

  it('answers a thousand carried calls made at once, each with its own answer', async () => {
    const { port } = await serve({
      propose: async (request) => {
        if (request.command.length % 2) await new Promise((resolve) => setImmediate(resolve));
        return { index: request.command.length, term: 1 };
      },
    });
    const client = channelTo(port).carried(SidecarService);
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, length) =>
        client.propose(proposal(length), { deadlineMs: DEADLINE_MS }),
      ),
    );
    assert.deepEqual(
      answers.map((answer) => answer.index),
      Array.from({ length: 1_000 }, (_, length) => length),
    );
  });

  it('refuses calls beyond the bound as overloaded, on both forms', async () => {
    const { port } = await serve({ propose: () => new Promise(() => {}) }, { callsMax: 1 });
    const channel = channelTo(port);
    const held = channel.carried(SidecarService).propose(proposal(1), { deadlineMs: 400 });
    held.catch(() => {});
    const second = channel.carried(SidecarService).propose(proposal(1), { deadlineMs: DEADLINE_MS });
    await assert.rejects(second, { code: 'overloaded' });
    const third = channel.client(SidecarService).propose(proposal(1), { deadlineMs: DEADLINE_MS });
    await assert.rejects(third, { code: 'overloaded' });
  });

  it('lets carried calls wait for a server that is not there yet', async () => {
    const reserved = await serve(echo);
    const { port } = reserved;
    await reserved.server.close(0);
    const early = channelTo(port).carried(SidecarService).propose(proposal(4), { deadlineMs: 5_000 });
    await serve(echo, {}, port);
    assert.equal((await early).index, 4);
  });

  it('says that the outcome is unknown when the server goes away under a call, and reconnects', async () => {
    const entered = Promise.withResolvers<void>();
    const first = await serve({
      propose: () => {
        entered.resolve();
        return new Promise(() => {});
      },
    });
    const client = channelTo(first.port).carried(SidecarService);
    const lost = client.propose(proposal(1), { deadlineMs: 5_000 });
    const rejected = assert.rejects(
      lost,
      (error: ServiceError) => error.code === 'unavailable' && error.outcomeUnknown,
    );
    await entered.promise;
    await first.server.close(10);
    await rejected;
    await serve(echo, {}, first.port);
    const answer = await eventually(() => client.propose(proposal(6), { deadlineMs: 1_000 }));
    assert.equal(answer.index, 6);
  });

  for (const form of ['client', 'carried'] as const)
    it(`says that nothing was done when it refuses a call (${form}) because it is stopping`, async () => {
      const entered = Promise.withResolvers<void>();
      const held = Promise.withResolvers<void>();
      let handled = 0;
      const { server, port } = await serve({
        propose: async () => {
          handled += 1;
          entered.resolve();
          await held.promise;
          return { index: 7, term: 1 };
        },
      });
      const channel = channelTo(port);
      const underWay = channel.carried(SidecarService).propose(proposal(1), { deadlineMs: DEADLINE_MS });
      await entered.promise;
      const closed = server.close(DEADLINE_MS);
      const late = channel[form](SidecarService).propose(proposal(1), { deadlineMs: DEADLINE_MS });
      await assert.rejects(late, (error: ServiceError) => {
        assert.deepEqual([error.code, error.message], ['unavailable', 'this service is stopping']);
        return error.nothingDone && !error.outcomeUnknown;
      });
      held.resolve();
      assert.equal((await underWay).index, 7);
      assert.equal(handled, 1);
      await closed;
    });

  it('moves messages both ways on a stream and ends it in good order', async () => {
    const server = new GrpcServer({ verifier: new Verifier(RECEIVER, [SECRET]), logger });
    server.addService(StateMachineService, {
      attach: async (stream) => {
        for await (const message of stream) {
          const index = message.body?.$case === 'applied' ? message.body.value.index : 0;
          stream.write({
            body: {
              $case: 'committed',
              value: { entries: [{ index, term: 1, timestampMs: 0, payload: undefined }] },
            },
            mac: new Uint8Array(0),
          });
        }
      },
    });
    const port = await server.listen({ host: '127.0.0.1', port: 0 });
    closers.push(() => server.close(100));
    const stream = channelTo(port).bidiStream(StateMachineService, 'attach');
    for (const index of [1, 2, 3])
      stream.write({
        body: { $case: 'applied', value: { index, durableIndex: 0, digest: new Uint8Array(0) } },
        mac: new Uint8Array(0),
      });
    stream.end();
    const received: number[] = [];
    for await (const message of stream)
      if (message.body?.$case === 'committed') received.push(message.body.value.entries[0]?.index ?? -1);
    assert.deepEqual(received, [1, 2, 3]);
  });

  it('breaks a stream off when it is not signed', async () => {
    const { port } = await serve(echo);
    const client = new (await import('@grpc/grpc-js')).Client(
      `127.0.0.1:${port}`,
      (await import('@grpc/grpc-js')).credentials.createInsecure(),
    );
    closers.push(() => client.close());
    const same = (bytes: Buffer): Buffer => bytes;
    const raw = client.makeBidiStreamRequest('/kit.v1.Carrier/Carry', same, same, new Metadata());
    raw.resume();
    const [error] = (await once(raw, 'error')) as [{ details: string }];
    assert.match(error.details, /the call is not signed/);
  });

  it('answers health without a signature, and reflection where it is offered', async () => {
    const { server, port } = await serve(echo, { reflection: true });
    const { Client, credentials } = await import('@grpc/grpc-js');
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    closers.push(() => client.close());
    const check = (): Promise<Buffer> =>
      new Promise((resolve, reject) => {
        const same = (bytes: Buffer): Buffer => bytes;
        client.makeUnaryRequest(
          '/grpc.health.v1.Health/Check',
          same,
          same,
          Buffer.alloc(0),
          (error, bytes) => {
            if (error || !bytes) reject(error);
            else resolve(bytes);
          },
        );
      });
    assert.deepEqual([...(await check())], [8, 2]);
    server.setServing(true);
    assert.deepEqual([...(await check())], [8, 1]);

    const listServices = Buffer.from([0x3a, 0x01, 0x2a]);
    const same = (bytes: Buffer): Buffer => bytes;
    const raw = client.makeBidiStreamRequest(
      '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
      same,
      same,
      new Metadata(),
    );
    raw.write(listServices);
    const [answer] = (await once(raw, 'data')) as [Buffer];
    raw.end();
    assert.match(answer.toString('latin1'), /agenda\.v1\.AgendaService/);
    assert.match(answer.toString('latin1'), /raft\.v1\.Sidecar/);
  });
});

/** Retries while the server is known not to have been reached. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline || !(error instanceof ServiceError) || !error.nothingDone) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
