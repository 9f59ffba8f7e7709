import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PodProcess } from '@agenda/pod/pod-process';
import { expect } from '../support/api-client.ts';
import { TestCluster } from '../support/cluster.ts';

const MAIN = join(dirname(fileURLToPath(import.meta.url)), '../../packages/agendactl/src/main.ts');

describe('agendactl', () => {
  let test: TestCluster;

  before(async () => {
    test = await TestCluster.start(1);
  });
  after(() => test?.destroy());

  async function agendactl(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    const [pod] = test.pods as [PodProcess];
    const env = {
      ...process.env,
      SIDECAR_GRPC_ADDR: `127.0.0.1:${pod.ports.sidecar}`,
      AGENDA_GRPC_ADDR: `127.0.0.1:${pod.ports.agenda}`,
      CLUSTER_HMAC_SECRET: test.cluster.secrets.hmac,
    };
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [MAIN, ...args], { env });
      return { code: 0, out: stdout, err: stderr };
    } catch (error) {
      const failed = error as { code: number; stdout: string; stderr: string };
      return { code: failed.code, out: failed.stdout, err: failed.stderr };
    }
  }

  it('shows where a pod stands and who its members are', async () => {
    const status = await agendactl('status');
    assert.equal(status.code, 0, status.err);
    assert.match(status.out, /^node +agenda-1/m);
    assert.match(status.out, /^role +leader$/m);
    assert.match((await agendactl('members')).out, /^agenda-1#\S+ {2}voter, leader/m);
  });

  it('makes a user an operator, who may then read the audit trail', async () => {
    const client = await test.client(0).enter('olga');
    const headers = { 'x-audit-token': test.cluster.secrets.auditToken };
    expect(await client.call('GET', '/api/admin/audit/logs', { headers }), 403);
    assert.deepEqual(await agendactl('role', 'olga', 'operator'), {
      code: 0,
      out: 'olga is operator now\n',
      err: '',
    });
    expect(await client.call('GET', '/api/admin/audit/logs', { headers }), 200);
  });

  it('says what is wrong, in one line, and fails', async () => {
    assert.match((await agendactl('role', 'nobody', 'operator')).err, /there is no user nobody/);
    assert.equal((await agendactl('role', 'nobody', 'king')).code, 64);
    assert.match((await agendactl('dance')).err, /agendactl status/);
  });
});
