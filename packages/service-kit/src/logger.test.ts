import assert from 'node:assert/strict';
import { createLogger, type Logger } from './logger.ts';
import { runWithRequest } from './request-context.ts';

describe('the log', () => {
  let lines: string[] = [];
  let logger: Logger;

  beforeEach(() => {
    lines = [];
    const options = { component: 'agenda', nodeId: 'agenda-1', level: 'info' };
    logger = createLogger(options, { write: (line) => lines.push(line) });
  });

  function last(): Record<string, unknown> {
    return JSON.parse(lines.at(-1) ?? '{}');
  }

  it('is one JSON object a line with time, level, component, node and message', () => {
    logger.info({ term: 3 }, 'elected');
    const { time, ...rest } = last();
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(rest, { level: 30, component: 'agenda', nodeId: 'agenda-1', term: 3, msg: 'elected' });
  });

  it('leaves out what is below its level', () => {
    logger.debug('too much');
    assert.deepEqual(lines, []);
  });

  it('names the request that the code works for', () => {
    runWithRequest({ requestId: 'r-1', deadlineAtMs: 0 }, () => logger.info('inside'));
    assert.equal(last().requestId, 'r-1');
    logger.info('outside');
    assert.equal('requestId' in last(), false);
  });

  it('shows no value that is named like a secret, wherever it stands and however it is spelled', () => {
    const hidden = 'hunter2';
    logger.info(
      {
        password: hidden,
        refresh_token: hidden,
        clusterHmacSecret: [hidden],
        req: { headers: { Authorization: `Bearer ${hidden}`, 'x-audit-token': hidden, Cookie: hidden } },
        list: [{ ticket: hidden }, { deep: { deeper: { passwordHash: { value: hidden } } } }],
        mac: Buffer.from(hidden),
        err: Object.assign(new Error('failed'), { signature: hidden, cause: { token: hidden } }),
      },
      'done',
    );
    const [line = ''] = lines;
    for (const form of [hidden, Buffer.from(hidden).toJSON().data.join()])
      assert.ok(!line.includes(form), line);
    assert.equal((last().list as [{ ticket: string }])[0].ticket, '[removed]');
  });

  it('hides secrets in the bindings of children, and of their children', () => {
    logger.child({ token: 'hunter2' }).child({ secret: 'hunter2', peer: 'agenda-2' }).info('x');
    assert.ok(!lines[0]?.includes('hunter2'));
    assert.equal(last().peer, 'agenda-2');
  });

  it('keeps numbers, which count secrets and are none', () => {
    logger.info({ tokens: 3, secretRotated: true }, 'x');
    assert.deepEqual([last().tokens, last().secretRotated], [3, true]);
  });

  it('writes an error with type, message, stack and code', () => {
    logger.error({ err: Object.assign(new TypeError('broken'), { code: 'E_X' }) }, 'failed');
    const { type, message, stack, code } = last().err as Record<string, string>;
    assert.deepEqual([type, message, code], ['TypeError', 'broken', 'E_X']);
    assert.match(stack ?? '', /logger\.test/);
    logger.error(new RangeError('bare'));
    assert.equal((last().err as { type: string }).type, 'RangeError');
    assert.equal(last().msg, 'bare');
  });

  it('writes bytes as their number, dates as dates, and ends at a bounded depth', () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    logger.info({ digest: new Uint8Array(32), at: new Date(0), loop }, 'x');
    assert.equal(last().digest, '[32 bytes]');
    assert.equal(last().at, '1970-01-01T00:00:00.000Z');
    assert.match(lines.at(-1) ?? '', /\[too deep\]/);
  });

  it('does not change what it is given', () => {
    const fields = { user: { password: 'hunter2' } };
    logger.info(fields, 'x');
    assert.equal(fields.user.password, 'hunter2');
  });
});
