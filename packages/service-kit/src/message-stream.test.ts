import assert from 'node:assert/strict';
import {
  type AttachRequest,
  type AttachResponse,
  AttachResponse as Response,
  StateMachineService,
} from '@agenda/proto/raft/v1/state_machine';
import { ServiceError } from './errors.ts';
import type { BidiHandler, GrpcServerOptions } from './grpc-server.ts';
import type { MessageStream } from './message-stream.ts';
import { currentRequest } from './request-context.ts';
import { GrpcBed } from './testing/grpc.ts';

type ServerEnd = MessageStream<AttachResponse, AttachRequest>;
type ClientEnd = MessageStream<AttachRequest, AttachResponse>;

const EMPTY = new Uint8Array(0);

describe('a stream of messages', () => {
  const bed = new GrpcBed();
  afterEach(() => bed.close());

  async function open(
    attach: BidiHandler<AttachRequest, AttachResponse>,
    options: Partial<GrpcServerOptions> = {},
  ) {
    const { server, port } = await bed.serve(StateMachineService, { attach }, options);
    const channel = bed.channel(port);
    return { server, channel, stream: channel.bidiStream(StateMachineService, 'attach') };
  }

  /** Both ends; the handler runs until the stream has closed. */
  async function connect(): Promise<{ serverEnd: ServerEnd; clientEnd: ClientEnd }> {
    const accepted = Promise.withResolvers<ServerEnd>();
    const { stream } = await open((serverEnd) => {
      accepted.resolve(serverEnd);
      return aborted(serverEnd.closed);
    });
    return { serverEnd: await accepted.promise, clientEnd: stream };
  }

  function applied(index: number): AttachRequest {
    return { body: { $case: 'applied', value: { index, durableIndex: 0, digest: EMPTY } }, mac: EMPTY };
  }

  function large(bytes: number): AttachResponse {
    return Response.fromPartial({
      body: { $case: 'leadership', value: { leaderId: 'x'.repeat(bytes) } },
    });
  }

  it('tells its handler who opened it, and no deadline where none was set', async () => {
    const seen = Promise.withResolvers<unknown[]>();
    const { stream } = await open(async (_stream, context) => {
      seen.resolve([context.nodeId, context.deadlineAtMs, currentRequest() === context]);
    });
    assert.deepEqual(await seen.promise, ['agenda-9', Number.POSITIVE_INFINITY, true]);
    await ended(stream);
  });

  it('ends without an error for both when the handler is done', async () => {
    const { stream } = await open(async () => {});
    assert.equal(await ended(stream), undefined);
    assert.equal(stream.closed.aborted, true);
  });

  it('tells the server that the client has ended its side, and still takes what the server writes', async () => {
    const { stream } = await open(async (serverEnd) => {
      assert.equal(await ended(serverEnd), undefined);
      serverEnd.write(large(3));
    });
    stream.end();
    const received: AttachResponse[] = [];
    for await (const message of stream) received.push(message);
    assert.equal(received.length, 1);
  });

  it('tells both ends the same error when the server breaks it off', async () => {
    const { serverEnd, clientEnd } = await connect();
    const ends = Promise.all([ended(serverEnd), ended(clientEnd)]);
    serverEnd.fail(new ServiceError('overloaded', 'too slow', { retryAfterMs: 5 }));
    for (const error of await ends)
      assert.deepEqual([error?.code, error?.message, error?.retryAfterMs], ['overloaded', 'too slow', 5]);
  });

  it('throws that error out of the iterations of both ends', async () => {
    const { serverEnd, clientEnd } = await connect();
    const iterations = [iterate(serverEnd), iterate(clientEnd)].map((iteration) =>
      assert.rejects(iteration, { code: 'overloaded', message: 'too slow' }),
    );
    serverEnd.fail(new ServiceError('overloaded', 'too slow'));
    await Promise.all(iterations);
  });

  it('tells the server when the client cancels, by callback and by iteration', async () => {
    const first = await connect();
    const end = ended(first.serverEnd);
    first.clientEnd.cancel();
    assert.equal((await end)?.code, 'unavailable');
    assert.equal(first.clientEnd.closed.aborted, true);
    const second = await connect();
    const iteration = assert.rejects(iterate(second.serverEnd), { code: 'unavailable' });
    second.clientEnd.cancel();
    await iteration;
  });

  it('does not look finished to the server when the connection is cut', async () => {
    const accepted = Promise.withResolvers<ServerEnd>();
    const { port } = await bed.serve(StateMachineService, {
      attach: (serverEnd) => {
        accepted.resolve(serverEnd);
        return aborted(serverEnd.closed);
      },
    });
    const relay = await bed.relay(port);
    const clientEnd = bed.channel(relay.port).bidiStream(StateMachineService, 'attach');
    const ends = [ended(clientEnd), ended(await accepted.promise)];
    relay.cut();
    for (const error of await Promise.all(ends)) assert.equal(error?.code, 'unavailable');
  });

  it('fails on the client when the handler throws, without its inside', async () => {
    const { stream } = await open(async () => {
      throw new Error('hunter2');
    });
    const error = await ended(stream);
    assert.equal(error?.code, 'internal');
    assert.ok(!error?.message.includes('hunter2'));
  });

  it('tells a late listener how it ended', async () => {
    const { stream } = await open(async () => {
      throw new ServiceError('not_found', 'gone');
    });
    await aborted(stream.closed);
    assert.equal((await ended(stream))?.code, 'not_found');
  });

  it('counts the bytes that wait to be sent, says when it is too much, and when it goes on', async () => {
    const { serverEnd, clientEnd } = await connect();
    let written = 0;
    // The client does not read: its window fills, then the queue of this end.
    while (serverEnd.write(large(1_000_000))) written += 1;
    assert.ok(serverEnd.queuedBytes > 1_000_000, `${serverEnd.queuedBytes} bytes are queued`);
    let received = 0;
    const all = Promise.withResolvers<void>();
    const resumed = serverEnd.drained();
    clientEnd.onMessage(() => {
      received += 1;
      if (received === written + 1) all.resolve();
    });
    await resumed;
    await all.promise;
    assert.equal(serverEnd.queuedBytes, 0);
  });

  it('lets nobody wait for a drain that will not come', async () => {
    const { serverEnd, clientEnd } = await connect();
    while (serverEnd.write(large(1_000_000)));
    const drained = serverEnd.drained();
    clientEnd.cancel();
    await drained;
  });

  it('ignores what is written after its end', async () => {
    const { serverEnd, clientEnd } = await connect();
    const end = ended(clientEnd);
    serverEnd.end();
    assert.equal(serverEnd.write(large(1)), true);
    assert.equal(await end, undefined);
    clientEnd.write(applied(1));
    clientEnd.end();
    clientEnd.cancel();
  });

  it('keeps the order of many messages', async () => {
    const { stream } = await open(async (serverEnd) => {
      for await (const message of serverEnd)
        if (message.body?.$case === 'applied')
          serverEnd.write(
            Response.fromPartial({
              body: { $case: 'leadership', value: { term: message.body.value.index } },
            }),
          );
    });
    for (let index = 1; index <= 2_000; index++) stream.write(applied(index));
    stream.end();
    let expected = 1;
    for await (const message of stream)
      assert.equal(message.body?.$case === 'leadership' && message.body.value.term, expected++);
    assert.equal(expected, 2_001);
  });

  it('beyond the bound of open ones is refused as overloaded', async () => {
    const { stream, channel } = await open((serverEnd) => aborted(serverEnd.closed), { streamsMax: 1 });
    stream.write(applied(1));
    const results = [stream, channel.bidiStream(StateMachineService, 'attach')].map((end) => ended(end));
    assert.equal((await Promise.race(results))?.code, 'overloaded');
  });

  it('is broken off when its server closes', async () => {
    const { stream, server } = await open((serverEnd) => aborted(serverEnd.closed));
    const end = ended(stream);
    await server.close(200);
    assert.equal((await end)?.code, 'unavailable');
  });
});

function ended(stream: ServerEnd | ClientEnd): Promise<ServiceError | undefined> {
  // Nothing ends that is not read.
  stream.onMessage(() => {});
  return new Promise((resolve) => stream.onEnd(resolve));
}

async function iterate(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _message of stream);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}
