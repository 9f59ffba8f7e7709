import assert from 'node:assert/strict';
import { CallBatch, ReplyBatch } from '@agenda/proto/kit/v1/carrier';
import { ProposeRequest, SidecarService, Status } from '@agenda/proto/raft/v1/sidecar';
import { ServiceError } from './errors.ts';
import type { CallContext, Handlers, RefusedCall } from './grpc-server.ts';
import { receiverOf } from './nonces.ts';
import { Signer, StreamOpener, StreamSealer, Verifier } from './signature.ts';
import { GrpcBed, type RawClient, RECEIVER, SECRET } from './testing/grpc.ts';

const DEADLINE_MS = 5_000;
const EMPTY = new Uint8Array(0);
const never = new Promise<never>(() => {});
const echo: Handlers<typeof SidecarService> = {
  propose: (request) => ({ index: request.command.length, term: 1 }),
};
const proposal = (bytes: number) => ({ command: new Uint8Array(bytes) });

describe('carried calls', () => {
  const bed = new GrpcBed();
  afterEach(() => bed.close());

  /** A carrier stream written by hand. */
  function openRaw(client: RawClient) {
    const { metadata, call } = new Signer('agenda-9', [SECRET]).sign('/kit.v1.Carrier/Carry', RECEIVER);
    const stream = client.bidi('/kit.v1.Carrier/Carry', metadata);
    const sealer = new StreamSealer(call, 'to-server');
    const opener = new StreamOpener(call, 'to-client');
    const batches: ReplyBatch[] = [];
    const arrived = Promise.withResolvers<void>();
    const failed = new Promise<{ details: string }>((resolve) => stream.once('error', resolve));
    stream.on('data', (bytes: Buffer) => {
      batches.push(ReplyBatch.decode(opener.open(bytes)));
      arrived.resolve();
    });
    return { stream, sealer, batches, failed, arrived: arrived.promise };
  }

  function callBatch(...lengths: number[]): Uint8Array {
    const calls = lengths.map((length, at) => ({
      id: at + 1,
      method: '/raft.v1.Sidecar/Propose',
      request: ProposeRequest.encode(proposal(length)).finish(),
      deadlineMs: DEADLINE_MS,
      requestId: '',
    }));
    return CallBatch.encode({ calls, mac: EMPTY }).finish();
  }

  it('that arrive in one batch are answered in one batch', async () => {
    const { port } = await bed.serve(SidecarService, echo);
    const { stream, sealer, batches, arrived } = openRaw(bed.rawClient(port));
    stream.write(sealer.seal(callBatch(1, 2, 3)));
    await arrived;
    assert.deepEqual(
      batches.map((batch) => batch.replies.map((reply) => reply.id)),
      [[1, 2, 3]],
    );
    stream.cancel();
    await once(stream);
  });

  it('that are tampered with, repeated or reordered break the stream off, are not handled, and are reported', async () => {
    const attacks: ((seal: (body: Uint8Array) => Buffer) => Buffer[])[] = [
      (seal) => {
        const sealed = seal(callBatch(7));
        sealed[4] = (sealed[4] as number) ^ 1;
        return [sealed];
      },
      (seal) => {
        const sealed = seal(callBatch(1));
        return [sealed, sealed];
      },
      (seal) => [seal(callBatch(1)), seal(callBatch(2))].reverse(),
      () => [Buffer.from(callBatch(1))],
    ];
    for (const attack of attacks) {
      let handled = 0;
      const refusals: string[] = [];
      const { port } = await bed.serve(
        SidecarService,
        { propose: () => ({ index: ++handled, term: 1 }) },
        { onRefused: ({ method }) => refusals.push(method) },
      );
      const { stream, sealer, failed } = openRaw(bed.rawClient(port));
      for (const bytes of attack((body) => sealer.seal(body))) stream.write(bytes);
      assert.match((await failed).details, /signature refused/);
      assert.ok(handled <= 1, `${handled} were handled`);
      assert.deepEqual(refusals, ['/kit.v1.Carrier/Carry']);
    }
  });

  it('of a stream that was recorded on its way to another node are refused and reported', async () => {
    const refusals: RefusedCall[] = [];
    const handled: number[] = [];
    const { port } = await bed.serve(
      SidecarService,
      { propose: ({ command }) => ({ index: handled.push(command.length), term: 1 }) },
      {
        verifier: new Verifier(receiverOf('agenda-2', 'raft-sidecar'), [SECRET]),
        onRefused: (refused) => refusals.push(refused),
      },
    );
    const { stream, sealer, failed } = openRaw(bed.rawClient(port));
    stream.write(sealer.seal(callBatch(1)));
    assert.match((await failed).details, /is for agenda-1\/raft-sidecar, and this is agenda-2\/raft-sidecar/);
    assert.deepEqual(handled, []);
    assert.deepEqual(
      refusals.map(({ method }) => method),
      ['/kit.v1.Carrier/Carry'],
    );
  });

  it('of a stream whose opening is replayed are refused', async () => {
    const { port } = await bed.serve(SidecarService, echo);
    const { metadata } = new Signer('agenda-9', [SECRET]).sign('/kit.v1.Carrier/Carry', RECEIVER);
    const client = bed.rawClient(port);
    const first = client.bidi('/kit.v1.Carrier/Carry', metadata);
    first.on('error', () => {});
    await new Promise((resolve) => first.once('metadata', resolve));
    const second = client.bidi('/kit.v1.Carrier/Carry', metadata);
    second.resume();
    const { details } = await new Promise<{ details: string }>((resolve) => second.once('error', resolve));
    assert.match(details, /nonce was used before/);
    first.cancel();
  });

  it('tell the handler the time that was left when they were written, not when they were made', async () => {
    const nobody = await bed.refuser();
    const client = bed.channel(nobody.port).carried(SidecarService);
    const madeAtMs = performance.now();
    let leftMs = 0;
    let waitedMs = 0;
    const answer = client.propose(proposal(1), { deadlineMs: DEADLINE_MS });
    // With pauses of 50 ms and more in between.
    await nobody.refused(4);
    await nobody.close();
    const handlers: Handlers<typeof SidecarService> = {
      propose: (_request, context) => {
        leftMs = context.deadlineAtMs - performance.now();
        waitedMs = performance.now() - madeAtMs;
        return { index: 1, term: 1 };
      },
    };
    await bed.serve(SidecarService, handlers, {}, nobody.port);
    await answer;
    assert.ok(waitedMs > 100, `waited ${waitedMs} ms only`);
    assert.ok(leftMs <= DEADLINE_MS - waitedMs + 50, `${leftMs} ms left after ${waitedMs} ms`);
  });

  it('abort the signal of their handler at the deadline, and when the caller goes away', async () => {
    for (const end of ['deadline', 'caller'] as const) {
      const entered = Promise.withResolvers<CallContext>();
      const { port } = await bed.serve(SidecarService, {
        propose: (_request, context) => {
          entered.resolve(context);
          return never;
        },
      });
      const channel = bed.channel(port);
      const call = channel
        .carried(SidecarService)
        .propose(proposal(1), { deadlineMs: end === 'deadline' ? 50 : DEADLINE_MS });
      const rejected = assert.rejects(call);
      const { signal } = await entered.promise;
      if (end === 'caller') channel.close();
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await rejected;
    }
  });

  it('fail at once, known not to be sent, while a connection that stood is lost', async () => {
    const { port } = await bed.serve(SidecarService, echo);
    const relay = await bed.relay(port);
    const client = bed.channel(relay.port).carried(SidecarService);
    await client.propose(proposal(1), { deadlineMs: DEADLINE_MS });
    await relay.close();
    const refused = await untilRejected(() => client.propose(proposal(1), { deadlineMs: DEADLINE_MS }));
    assert.equal(refused.code, 'unavailable');
    const startedAtMs = performance.now();
    await assert.rejects(
      client.propose(proposal(1), { deadlineMs: DEADLINE_MS }),
      (error: ServiceError) => error.code === 'unavailable' && !error.outcomeUnknown,
    );
    assert.ok(performance.now() - startedAtMs < 1_000);
  });

  it('under way when the connection breaks have an unknown outcome, and the next ones find a new connection', async () => {
    const entered = Promise.withResolvers<void>();
    const { port } = await bed.serve(SidecarService, {
      propose: (request) => {
        if (request.command.length > 0) return { index: 1, term: 1 };
        entered.resolve();
        return never;
      },
    });
    const relay = await bed.relay(port);
    const client = bed.channel(relay.port).carried(SidecarService);
    const lost = client.propose(proposal(0), { deadlineMs: DEADLINE_MS });
    const rejected = assert.rejects(lost, (error: ServiceError) => error.outcomeUnknown);
    await entered.promise;
    relay.cut();
    await rejected;
    const deadlineAtMs = performance.now() + DEADLINE_MS;
    for (;;) {
      const answer = await client.propose(proposal(1), { deadlineMs: 1_000 }).catch((error: ServiceError) => {
        if (error.outcomeUnknown || performance.now() > deadlineAtMs) throw error;
      });
      if (answer) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it('that nobody can be reached for are known not to be sent when their deadline passes', async () => {
    const reserved = await bed.serve(SidecarService, echo);
    await reserved.server.close(0);
    const client = bed.channel(reserved.port).carried(SidecarService);
    const calls = Array.from({ length: 500 }, () => client.propose(proposal(1), { deadlineMs: 50 }));
    for (const { status, reason } of (await Promise.allSettled(calls)) as PromiseRejectedResult[]) {
      assert.equal(status, 'rejected');
      assert.deepEqual([reason.code, reason.nothingDone], ['unavailable', true]);
    }
  });

  it('without time left, or with a malformed deadline, are not sent', async () => {
    const { port } = await bed.serve(SidecarService, echo);
    const client = bed.channel(port).carried(SidecarService);
    for (const deadlineMs of [0, -1, Number.NaN])
      await assert.rejects(
        client.propose(proposal(1), { deadlineMs }),
        (error: ServiceError) => error.code === 'unavailable' && error.nothingDone,
      );
    const patient = client.propose(proposal(1), { deadlineMs: Number.POSITIVE_INFINITY });
    assert.equal((await patient).index, 1);
  });

  it('beyond the bound of calls under way are refused here', async () => {
    const { port } = await bed.serve(SidecarService, { propose: () => never });
    const client = bed.channel(port, { callsInFlightMax: 2 }).carried(SidecarService);
    const held = [1, 2].map(() => assert.rejects(client.propose(proposal(1), { deadlineMs: 200 })));
    await assert.rejects(client.propose(proposal(1), { deadlineMs: DEADLINE_MS }), { code: 'overloaded' });
    await Promise.all(held);
  });

  it('end when their channel is closed, and later ones are not sent', async () => {
    const { port } = await bed.serve(SidecarService, { propose: () => never });
    const channel = bed.channel(port);
    const client = channel.carried(SidecarService);
    const rejected = assert.rejects(client.propose(proposal(1), { deadlineMs: DEADLINE_MS }), {
      code: 'unavailable',
    });
    channel.close();
    await rejected;
    await assert.rejects(client.propose(proposal(1), { deadlineMs: DEADLINE_MS }), { nothingDone: true });
  });

  it('move requests far larger than a batch', async () => {
    const { port } = await bed.serve(SidecarService, echo);
    const client = bed.channel(port).carried(SidecarService);
    const lengths = [10, 100_000, 3_000_000, 60_000, 1];
    const answers = await Promise.all(
      lengths.map((length) => client.propose(proposal(length), { deadlineMs: DEADLINE_MS })),
    );
    assert.deepEqual(
      answers.map(({ index }) => index),
      lengths,
    );
  });

  for (const form of ['client', 'carried'] as const) {
    it(`that are too large, or cannot be encoded, fail alone (${form})`, async () => {
      const { port } = await bed.serve(SidecarService, echo);
      const client = bed.channel(port)[form](SidecarService);
      const good = client.propose(proposal(3), { deadlineMs: DEADLINE_MS });
      const large = client.propose(proposal(4 * 1024 * 1024), { deadlineMs: DEADLINE_MS });
      await assert.rejects(large, { code: 'payload_too_large' });
      const broken = client.propose({ command: 'text' as never }, { deadlineMs: DEADLINE_MS });
      await assert.rejects(broken, { code: 'internal' });
      assert.equal((await good).index, 3);
    });

    it(`whose answer is too large fail alone (${form})`, async () => {
      const { port } = await bed.serve(
        SidecarService,
        { ...echo, getStatus: () => Status.fromPartial({ memberId: 'x'.repeat(70_000) }) },
        { requestBytesMax: 64 * 1024 },
      );
      const client = bed.channel(port)[form](SidecarService);
      const good = client.propose(proposal(3), { deadlineMs: DEADLINE_MS });
      await assert.rejects(client.getStatus({}, { deadlineMs: DEADLINE_MS }), { code: 'payload_too_large' });
      assert.equal((await good).index, 3);
    });

    it(`carry an error of any size (${form})`, async () => {
      const { port } = await bed.serve(SidecarService, {
        propose: () => {
          throw new ServiceError('conflict', `taken \ud800 ${'x'.repeat(100_000)}`, {
            payload: new Uint8Array(100_000),
            retryAfterMs: 0.5,
          });
        },
      });
      const call = bed.channel(port)[form](SidecarService).propose(proposal(1), { deadlineMs: DEADLINE_MS });
      await assert.rejects(
        call,
        (error: ServiceError) => error.code === 'conflict' && /^taken/.test(error.message),
      );
    });
  }

  it('and unary ones under way are finished when the server closes, and new ones are refused', async () => {
    const gate = Promise.withResolvers<void>();
    let entered = 0;
    const { server, port } = await bed.serve(SidecarService, {
      propose: async () => {
        entered += 1;
        await gate.promise;
        return { index: 1, term: 1 };
      },
    });
    const channel = bed.channel(port);
    const calls = (['client', 'carried'] as const).map((form) =>
      channel[form](SidecarService).propose(proposal(1), { deadlineMs: DEADLINE_MS }),
    );
    while (entered < 2) await new Promise((resolve) => setImmediate(resolve));
    const closed = server.close(DEADLINE_MS);
    const late = channel.carried(SidecarService).propose(proposal(1), { deadlineMs: DEADLINE_MS });
    await assert.rejects(late, { code: 'unavailable', message: /stopping/ });
    gate.resolve();
    assert.deepEqual(
      (await Promise.all(calls)).map(({ index }) => index),
      [1, 1],
    );
    await closed;
  });

  it('are signed by the secret of the stream: a server with another one cannot answer', async () => {
    const other = 'z'.repeat(32);
    const { port } = await bed.serve(SidecarService, echo, { verifier: new Verifier(RECEIVER, [other]) });
    const client = bed.channel(port).client(SidecarService);
    await assert.rejects(client.propose(proposal(1), { deadlineMs: DEADLINE_MS }), {
      code: 'unauthenticated',
    });
  });
});

/** Resolves when the stream has told its end. */
function once(stream: NodeJS.EventEmitter): Promise<unknown> {
  return new Promise((resolve) => stream.once('error', resolve));
}

/** Calls until one fails, and returns its error. */
async function untilRejected(call: () => Promise<unknown>): Promise<ServiceError> {
  for (;;) {
    try {
      await call();
    } catch (error) {
      assert.ok(error instanceof ServiceError);
      return error;
    }
  }
}
