import assert from 'node:assert/strict';
import { checkDays, fileNameOf, rangeOf } from './export-range.ts';

describe('the days of an export', () => {
  it('are whole days of the reader’s zone, the last one included', () => {
    assert.deepEqual(rangeOf({ first: '2026-03-28', last: '2026-03-29' }, 'Europe/Lisbon'), {
      start: '2026-03-28T00:00:00.000Z',
      end: '2026-03-29T23:00:00.000Z',
    });
    assert.equal(rangeOf({ first: '2026-03-28', last: '' }, 'UTC'), null);
  });

  it('are refused when they run backwards, are none, or are too many', () => {
    assert.equal(checkDays({ first: '2026-01-01', last: '2026-01-01' }), undefined);
    assert.match(checkDays({ first: '2026-01-02', last: '2026-01-01' }) ?? '', /before it begins/);
    assert.match(checkDays({ first: '', last: '2026-01-01' }) ?? '', /Choose/);
    assert.equal(checkDays({ first: '2026-01-01', last: '2027-02-04' }), undefined);
    assert.match(checkDays({ first: '2026-01-01', last: '2027-02-05' }) ?? '', /401 days/);
  });

  it('are in the name of the file, after whose it is', () => {
    const days = { first: '2026-07-01', last: '2026-07-31' };
    assert.equal(fileNameOf('Équipe / ventes', days), 'équipe-ventes-2026-07-01-to-2026-07-31.ics');
    assert.equal(fileNameOf('…', days), 'agenda-2026-07-01-to-2026-07-31.ics');
  });
});
