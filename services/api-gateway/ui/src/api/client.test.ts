import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApiClient } from './client.ts';
import { createHttp } from './http.ts';

interface Seen {
  readonly method: string;
  readonly key: string | undefined;
  readonly authorization: string | undefined;
  readonly ifMatch: string | undefined;
}

type Answer = { readonly status: number; readonly code?: string; readonly body?: unknown } | 'hang-up';

/** A real server on loopback that gives the listed answers in order. */
class ScriptedServer {
  readonly seen: Seen[] = [];
  answers: Answer[] = [];
  readonly #server: Server = createServer((request, response) => {
    this.seen.push(toSeen(request));
    const answer = this.answers.shift() ?? { status: 200, body: { ok: true } };
    if (answer === 'hang-up') {
      request.socket.destroy();
      return;
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body ?? (answer.code ? { code: answer.code } : {})));
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function toSeen(request: IncomingMessage): Seen {
  const { headers } = request;
  return {
    method: request.method ?? '',
    key: headers['idempotency-key'] as string | undefined,
    authorization: headers.authorization,
    ifMatch: headers['if-match'],
  };
}

describe('the client', () => {
  let server: ScriptedServer;
  let client: ApiClient;
  let tokens: string[];
  let waitedMs: number[];
  let tokenFailure: Error | null;

  beforeEach(async () => {
    server = new ScriptedServer();
    tokens = ['old'];
    waitedMs = [];
    tokenFailure = null;
    client = new ApiClient({
      http: createHttp(await server.start()),
      session: {
        accessToken: async () => {
          if (tokenFailure !== null) throw tokenFailure;
          return tokens.at(-1)!;
        },
        replaceToken: async (refused) => {
          if (refused === tokens.at(-1)) tokens.push('new');
          return tokens.at(-1)!;
        },
      },
      wait: async (delayMs) => {
        waitedMs.push(delayMs);
      },
      nowMs: () => waitedMs.reduce((sum, delayMs) => sum + delayMs, 0),
    });
  });

  afterEach(() => server.stop());

  const write = () => client.write('POST', '/api/x', { a: 1 }, { idempotencyKey: 'k-1', version: 7 });

  it('sends the token, the key and the version', async () => {
    assert.deepEqual(await write(), { ok: true });
    assert.deepEqual(server.seen, [
      { method: 'POST', key: 'k-1', authorization: 'Bearer old', ifMatch: '"7"' },
    ]);
  });

  it('asks a question that is too long for an address again, as any read: it has no key, for it changes nothing', async () => {
    server.answers = [
      { status: 503, code: 'no_leader' },
      { status: 200, body: { items: [] } },
    ];
    assert.deepEqual(await client.question('/api/x', { a: 1 }), { items: [] });
    assert.deepEqual(
      server.seen.map(({ method, key }) => [method, key]),
      [
        ['POST', undefined],
        ['POST', undefined],
      ],
    );
  });

  it('renews a refused token once and repeats the request', async () => {
    server.answers = [{ status: 401, code: 'unauthenticated' }];
    await write();
    assert.deepEqual(
      server.seen.map(({ authorization }) => authorization),
      ['Bearer old', 'Bearer new'],
    );
  });

  it('repeats a write without an answer under the same key until it succeeds', async () => {
    server.answers = ['hang-up', { status: 504, code: 'timeout' }, { status: 503, code: 'no_leader' }];
    await write();
    assert.deepEqual(
      server.seen.map(({ key }) => key),
      ['k-1', 'k-1', 'k-1', 'k-1'],
    );
  });

  it('says that the outcome is unknown when no try was answered', async () => {
    server.answers = ['hang-up', 'hang-up', 'hang-up', 'hang-up', 'hang-up'];
    await assert.rejects(write(), { code: 'outcome_unknown' });
    assert.equal(server.seen.length, 4);
  });

  it('keeps the outcome unknown when a later try was refused before the log was asked', async () => {
    const later: Answer = { status: 503, code: 'no_leader' };
    server.answers = ['hang-up', later, later, later];
    await assert.rejects(write(), { code: 'outcome_unknown' });
  });

  it('reports a definite refusal even after a try without an answer', async () => {
    server.answers = ['hang-up', { status: 409, code: 'conflict' }];
    await assert.rejects(write(), { code: 'conflict' });
  });

  it('knows that nothing was saved when every try met no leader', async () => {
    const refusal: Answer = { status: 503, code: 'no_leader' };
    server.answers = [refusal, refusal, refusal, refusal];
    await assert.rejects(write(), { code: 'no_leader' });
  });

  it('knows that nothing was sent when there was no token to send it with', async () => {
    const { clientError } = await import('./problem.ts');
    tokenFailure = clientError('network', 'down');
    await assert.rejects(write(), { code: 'not_sent' });
    assert.equal(server.seen.length, 0);
  });

  it('does not repeat what the server refused for good', async () => {
    server.answers = [{ status: 422, code: 'unprocessable' }];
    await assert.rejects(write(), { code: 'unprocessable' });
    assert.equal(server.seen.length, 1);
  });

  it('gives up a write when the pauses would exceed the budget', async () => {
    const busy: Answer = { status: 503, body: { code: 'overloaded', retryAfterSeconds: 60 } };
    server.answers = [busy];
    await assert.rejects(write(), { code: 'overloaded' });
    assert.deepEqual(waitedMs, []);
  });

  it('repeats a read a bounded number of times', async () => {
    server.answers = ['hang-up', 'hang-up', 'hang-up', 'hang-up'];
    await assert.rejects(client.read('/api/x'), { code: 'network' });
    assert.equal(server.seen.length, 3);
  });
});
