import assert from 'node:assert/strict';
import { setOperator } from '@agenda/pod/demo';
import type { PodProcess } from '@agenda/pod/pod-process';
import { AgendaServiceService } from '@agenda/proto/agenda/v1/agenda';
import { GrpcChannel } from '@agenda/service-kit/grpc-client';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Signer } from '@agenda/service-kit/signature';
import WebSocket from 'ws';
import { runAgendactl } from '../support/agendactl.ts';
import { type ApiClient, expect } from '../support/api-client.ts';
import { READY_MS, TestCluster } from '../support/cluster.ts';
import { until } from '../support/until.ts';
import { Workload } from '../support/workload.ts';

const CATCH_UP_MS = 20_000;

describe('three pods', () => {
  let test: TestCluster;
  let ana: ApiClient;

  before(async () => {
    test = await TestCluster.start(3);
    ana = await test.client(0).enter('ana');
  });
  after(() => test?.destroy());

  const everywhere = (): ApiClient[] => test.pods.map((pod) => ana.at(pod.url));
  const urls = (): string[] => test.pods.map((pod) => pod.url);

  /** Every acknowledged appointment stands on every replica, once, and the replicas agree. */
  async function assertKept(workload: Workload): Promise<void> {
    assert.deepEqual(workload.complaints, []);
    const views = await Promise.all(everywhere().map((client) => client.agenda()));
    for (const [at, view] of views.entries()) {
      const titles = view.map((item) => item.title);
      assert.equal(new Set(titles).size, titles.length, `pod ${at} shows an appointment twice`);
      const ids = new Set(view.map((item) => item.id));
      const lost = workload.acknowledged.filter(({ id }) => !ids.has(id));
      assert.deepEqual(lost, [], `pod ${at} lacks acknowledged appointments`);
      assert.deepEqual(view, views[0], `pod ${at} and pod 0 differ`);
    }
  }

  async function memberIds(pod: PodProcess): Promise<string> {
    return (await pod.raftHealth())?.configuration?.voters.join(', ') ?? '';
  }

  it('take writes and answer linearizable reads, each of them', async () => {
    for (const [at, client] of everywhere().entries()) {
      const created = expect(await client.create(`written on pod ${at}`, at), 201);
      for (const reader of everywhere()) {
        const read = expect(await reader.call('GET', `/api/appointments/${created.body.id}`), 200);
        assert.deepEqual(read.body, created.body);
      }
    }
  });

  it('agree on one leader and say so', async () => {
    const leader = await test.cluster.waitLeader(READY_MS);
    const health = await Promise.all(test.pods.map((pod) => pod.raftHealth()));
    assert.deepEqual(
      health.map((each) => each?.isLeader),
      test.pods.map((pod) => pod === leader),
    );
    const nodes = expect(await ana.call('GET', '/cluster/nodes'), 200);
    assert.equal(nodes.body.items.filter((node: { isVoter: boolean }) => node.isVoter).length, 3);
  });

  it('hand leadership to whom agendactl names, whichever of them is asked, or to another one', async () => {
    const leader = await test.cluster.waitLeader(READY_MS);
    const [heir, third] = test.pods.filter((pod) => pod !== leader) as [PodProcess, PodProcess];
    const before = (await leader.raftHealth())?.term as number;
    const named = await runAgendactl(test, third, 'transfer-leader', heir.nodeId);
    assert.equal(named.code, 0, named.err);
    const [, leading, term] = /^(\S+)#\S+ leads in term (\d+)\n$/.exec(named.out) ?? [];
    assert.equal(leading, heir.nodeId);
    assert.ok(Number(term) > before);
    assert.equal(await test.cluster.waitLeader(READY_MS), heir);
    const away = await runAgendactl(test, heir, 'transfer-leader');
    assert.equal(away.code, 0, away.err);
    assert.notEqual(await test.cluster.waitLeader(READY_MS), heir);
    for (const [at, client] of everywhere().entries())
      expect(await client.create(`led anew ${at}`, 40 + at), 201);
    assert.deepEqual(await runAgendactl(test, third, 'transfer-leader', 'agenda-9'), {
      code: 1,
      out: '',
      err: `agendactl: "agenda-9" is no member; members are ${await memberIds(third)}\n`,
    });
  });

  it('let one win when two book the same time on different pods', async () => {
    const answers = await Promise.all(everywhere().map((client, at) => client.create(`race ${at}`, 50)));
    assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409, 409]);
    const winner = answers.find((answer) => answer.status === 201);
    for (const loser of answers.filter((answer) => answer.status === 409))
      assert.equal(loser.body.conflicts[0].appointmentId, winner?.body.id);
  });

  it('give a repeated Idempotency-Key its first answer on any pod, and refuse it for another body', async () => {
    const [first, second, third] = everywhere() as [ApiClient, ApiClient, ApiClient];
    const key = { 'idempotency-key': 'the-same-request' };
    const created = expect(await first.create('once', 60, key), 201);
    const repeated = expect(await second.create('once', 60, key), 201);
    assert.deepEqual(repeated.body, created.body);
    assert.equal(repeated.headers.get('x-agenda-index'), created.headers.get('x-agenda-index'));
    expect(await third.create('something else', 61, key), 422);
  });

  it('read at least as fresh as the index that a write gave', async () => {
    const [writer, reader] = everywhere() as [ApiClient, ApiClient];
    const created = expect(await writer.create('index', 70), 201);
    const index = created.headers.get('x-agenda-index') as string;
    const path = `/api/appointments/${created.body.id}`;
    const read = expect(await reader.call('GET', path, { headers: { 'x-agenda-min-index': index } }), 200);
    assert.ok(Number(read.headers.get('x-agenda-index')) >= Number(index));
  });

  it('push a change to a WebSocket on another pod', async () => {
    const [writer] = everywhere() as [ApiClient];
    const socket = new WebSocket(`${(test.pods[2] as PodProcess).url.replace('http', 'ws')}/ws`);
    const kinds: string[] = [];
    const seen = new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('message', async (data) => {
        const message = JSON.parse(String(data));
        if (message.type === 'ready') expect(await writer.create('pushed', 80), 201);
        if (message.type !== 'events') return;
        kinds.push(...message.items.map((item: { kind: string }) => item.kind));
        resolve();
      });
    });
    socket.on('open', () => socket.send(JSON.stringify({ type: 'auth', token: ana.token })));
    await seen;
    socket.close();
    assert.deepEqual(kinds, ['appointment_changed']);
  });

  it('refuse a call with a bad signature, and every replica has it in its trail', async () => {
    const pod = test.pods[1] as PodProcess;
    const channel = new GrpcChannel({
      address: { host: '127.0.0.1', port: pod.ports.agenda },
      receiver: receiverOf(pod.nodeId, 'agenda'),
      signer: new Signer('intruder', ['not the secret of this cluster!!!']),
      logger: createLogger({ component: 'test', nodeId: 'intruder', level: 'silent' }),
    });
    try {
      await assert.rejects(channel.client(AgendaServiceService).getStatus({}, { deadlineMs: 5_000 }), {
        code: 'unauthenticated',
      });
    } finally {
      channel.close();
    }
    await setOperator(pod, test.cluster.secrets.hmac, 'ana');
    for (const client of everywhere())
      await until('the refused signature in the trail', CATCH_UP_MS, async () => {
        const headers = { 'x-audit-token': test.cluster.secrets.auditToken };
        const logs = expect(
          await client.call('GET', '/api/admin/audit/logs?action=signature.refused', { headers }),
          200,
        );
        return logs.body.items.find((item: { sequence: number | null }) => item.sequence !== null);
      });
  });

  it('lose nothing and double nothing when the leader is killed under load', async () => {
    const workload = new Workload('kill-leader', ana.token as string, urls(), 10_000).start(8);
    await workload.more(100);
    const leader = await test.cluster.waitLeader(READY_MS);
    await leader.kill();
    await workload.more(100);
    leader.start();
    await workload.more(100);
    await workload.stop();
    await test.cluster.waitReady(READY_MS);
    await assertKept(workload);
  });

  it('bring a follower up to date that was away', async () => {
    const leader = await test.cluster.waitLeader(READY_MS);
    const away = test.pods.find((pod) => pod !== leader) as PodProcess;
    await away.kill();
    const present = test.pods.filter((pod) => pod !== away).map((pod) => pod.url);
    const workload = new Workload('away', ana.token as string, present, 20_000).start(8);
    await workload.more(300);
    await workload.stop();
    away.start();
    await away.waitReady(READY_MS);
    await assertKept(workload);
  });

  it('have everything after all of them were killed at once', async () => {
    const workload = new Workload('kill-all', ana.token as string, urls(), 30_000).start(8);
    await workload.more(100);
    await test.cluster.kill();
    test.cluster.start();
    await test.cluster.waitReady(READY_MS);
    await workload.more(50);
    await workload.stop();
    await assertKept(workload);
  });

  it('stop in good order, one after the other, without failing a client that retries', async () => {
    const workload = new Workload('rolling', ana.token as string, urls(), 40_000).start(4);
    for (const pod of test.pods) {
      await workload.more(30);
      assert.equal(await pod.stop(), 0);
      await workload.more(30);
      pod.start();
      await pod.waitReady(READY_MS);
    }
    await workload.stop();
    await assertKept(workload);
  });

  it('restart a process that dies, without the pod going down', async () => {
    const [pod] = test.pods as [PodProcess];
    for (const name of ['audit', 'agenda', 'raft-sidecar', 'api-gateway']) {
      const before = pod.pids.get(name);
      pod.signalProcess(name, 'SIGKILL');
      await until(`a new ${name}`, READY_MS, async () => {
        const now = pod.pids.get(name);
        return now !== undefined && now !== before ? now : undefined;
      });
      await pod.waitReady(READY_MS);
    }
    const created = expect(await ana.at(pod.url).create('after the crashes', 52_000), 201);
    for (const client of everywhere())
      expect(await client.call('GET', `/api/appointments/${created.body.id}`), 200);
  });
});
