import assert from 'node:assert/strict';
import { clientError, explain, fieldMessage, parseProblem } from './problem.ts';

describe('a problem', () => {
  it('carries code, fields and conflicts of RFC 9457 JSON', () => {
    const error = parseProblem(
      409,
      JSON.stringify({
        type: 'about:blank',
        title: 'In conflict with what is there',
        status: 409,
        detail: 'two appointments are in the way',
        code: 'conflict',
        requestId: 'r-1',
        errors: [{ path: 'participants.2.userId', message: 'is unknown' }],
        conflicts: [
          {
            appointmentId: 'a',
            title: '',
            start: '2026-01-01T09:00:00.000Z',
            end: '2026-01-01T10:00:00.000Z',
          },
        ],
      }),
      null,
    );
    assert.equal(error.code, 'conflict');
    assert.equal(error.conflicts.length, 1);
    assert.equal(fieldMessage(error, 'userId'), 'is unknown');
    assert.equal(fieldMessage(error, 'title'), undefined);
    assert.equal(explain(error), 'two appointments are in the way');
  });

  it('is made of the status alone when something in between answered with HTML', () => {
    const error = parseProblem(502, '<html>bad gateway</html>', null);
    assert.equal(error.code, 'unavailable');
    assert.match(explain(error), /not available/);
  });

  it('ignores members of the wrong shape', () => {
    const error = parseProblem(400, '{"code":7,"errors":[null,{"path":1}],"conflicts":"none"}', null);
    assert.equal(error.code, 'internal');
    assert.deepEqual([error.fields, error.conflicts], [[], []]);
  });

  it('takes the pause from the body, else from the header', () => {
    assert.equal(parseProblem(503, '{"retryAfterSeconds":2}', '9').retryAfterMs, 2_000);
    assert.equal(parseProblem(503, '{}', '9').retryAfterMs, 9_000);
    assert.equal(parseProblem(503, '{}', 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterMs, null);
  });

  it('says honestly that an outcome is unknown, and that trying again is safe', () => {
    assert.match(explain(clientError('outcome_unknown', '')), /not known whether this was saved.*safe/);
  });

  it('names the request when the server failed unexpectedly', () => {
    const error = parseProblem(500, '{"code":"internal","requestId":"0197"}', null);
    assert.match(explain(error), /\(request 0197\)/);
  });
});
