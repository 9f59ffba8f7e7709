import assert from 'node:assert/strict';
import type { Caller } from '@agenda/proto/agenda/v1/agenda';
import { Command } from '@agenda/proto/agenda/v1/command';
import { uuidv7Bytes } from '@agenda/service-kit/ids';
import { AgendaUnderTest, DEADLINE, write } from './testing/agenda-under-test.ts';

const READ = { consistency: 0, minIndex: 0 } as const;

describe('the agenda as a whole', () => {
  let agenda: AgendaUnderTest;
  let ana: Caller;

  beforeEach(async () => {
    agenda = await new AgendaUnderTest().start();
    ana = await agenda.person('ana');
  });

  it('answers unavailable to everybody once it meets a command that it does not know', async () => {
    const future = Command.fromPartial({ id: uuidv7Bytes(), featureLevel: 99 });
    agenda.sidecar.appendCommand(Command.encode(future).finish());
    const unavailable = { code: 'unavailable', message: /feature level 99/ };
    const me = { context: { ...READ, caller: ana } };
    await assert.rejects(async () => {
      // Until the entry has arrived, reads are answered.
      for (;;) await agenda.client.getMe(me, DEADLINE);
    }, unavailable);
    await assert.rejects(agenda.client.logout({ context: write(ana) }, DEADLINE), unavailable);
    await assert.rejects(
      agenda.client.getMe({ context: { ...me.context, consistency: 2 } }, DEADLINE),
      unavailable,
    );
    const status = await agenda.client.getStatus({}, DEADLINE);
    assert.equal(status.attached, false);
    assert.equal(status.acceptsWrites, false);
    await agenda.stop();
  });

  it('finishes the writes under way before it stops', async () => {
    agenda.sidecar.verdict = () => 'hold';
    const before = agenda.sidecar.proposals.length;
    const logout = agenda.client.logout({ context: write(ana) }, DEADLINE);
    await agenda.sidecar.until(() => agenda.sidecar.proposals.length > before);
    const stopped = agenda.stop();
    agenda.sidecar.release();
    assert.equal((await logout).index, agenda.sidecar.log.length);
    await stopped;
  });
});
