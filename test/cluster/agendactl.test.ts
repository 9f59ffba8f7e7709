import assert from 'node:assert/strict';
import type { PodProcess } from '@agenda/pod/pod-process';
import { runAgendactl } from '../support/agendactl.ts';
import { expect } from '../support/api-client.ts';
import { TestCluster } from '../support/cluster.ts';

describe('agendactl', () => {
  let test: TestCluster;

  before(async () => {
    test = await TestCluster.start(1);
  });
  after(() => test?.destroy());

  const agendactl = (...args: string[]) => runAgendactl(test, test.pods[0] as PodProcess, ...args);

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
