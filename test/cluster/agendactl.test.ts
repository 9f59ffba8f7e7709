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

  it('takes a snapshot, and shows what stands in the log', async () => {
    const taken = await agendactl('snapshot');
    assert.match(taken.out, /^a snapshot at entry \d+ of term \d+ is taken$/m, taken.err);
    const first = await agendactl('log', 'inspect', '1', '3');
    assert.match(first.out, /^the log holds entries 1 to \d+$/m, first.err);
    assert.match(first.out, /^ +1 {2}term 1 {2}\S+ {2}configuration: voters agenda-1#\S+, feature level 1$/m);
    assert.match(first.out, /^ +2 {2}term \d+ {2}\S+ {2}start of a term$/m);
    const last = await agendactl('log', 'inspect', '--payload');
    assert.match(
      last.out,
      /command registerUser, id [0-9a-f]{32}, from agenda-1, request \S+, level \d+: [0-9a-f]+$/m,
    );
    assert.doesNotMatch((await agendactl('log', 'inspect')).out, /registerUser/);
    assert.equal((await agendactl('log', 'dance')).code, 64);
    assert.equal((await agendactl('log', 'inspect', 'x')).code, 64);
  });

  it('says what is wrong, in one line, and fails', async () => {
    assert.match((await agendactl('role', 'nobody', 'operator')).err, /there is no user nobody/);
    assert.equal((await agendactl('role', 'nobody', 'king')).code, 64);
    assert.match((await agendactl('dance')).err, /agendactl status/);
  });
});
