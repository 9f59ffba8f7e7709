import assert from 'node:assert/strict';
import { checkLinearizability } from './checker.ts';
import { HistoryRecorder } from './history.ts';
import { type BookingInput, type BookingOutput, bookingsModel } from './models/bookings.ts';

type Recorder = HistoryRecorder<BookingInput, BookingOutput>;

/** One after the other. */
function done(history: Recorder, input: BookingInput, output: BookingOutput): void {
  history.complete(history.invoke(input), output);
}

const slot = 'monday';
const seen = (token: string, version: number, title = token): BookingOutput => ({
  kind: 'seen',
  booking: { token, version, title },
});
const FREE: BookingOutput = { kind: 'seen', booking: null };

describe('the model of bookings', () => {
  let history: Recorder;
  beforeEach(() => {
    history = new HistoryRecorder();
  });
  const verdict = (): string => checkLinearizability(bookingsModel, history.operations()).verdict;

  it('accepts a booking, its refusal to others, its changes and its end', () => {
    done(history, { slot, kind: 'look' }, FREE);
    done(history, { slot, kind: 'book', token: 'a' }, { kind: 'booked' });
    done(history, { slot, kind: 'book', token: 'b' }, { kind: 'taken' });
    done(
      history,
      { slot, kind: 'change', token: 'a', title: 'x', expectedVersion: 1 },
      { kind: 'changed', version: 2 },
    );
    done(history, { slot, kind: 'change', token: 'a', title: 'y', expectedVersion: 1 }, { kind: 'mismatch' });
    done(history, { slot, kind: 'read', token: 'a' }, seen('a', 2, 'x'));
    done(history, { slot, kind: 'cancel', token: 'a', expectedVersion: 2 }, { kind: 'cancelled' });
    done(history, { slot, kind: 'cancel', token: 'a' }, { kind: 'absent' });
    done(history, { slot, kind: 'read', token: 'a' }, FREE);
    done(history, { slot, kind: 'book', token: 'b' }, { kind: 'booked' });
    assert.equal(verdict(), 'ok');
  });

  it('refuses two winners of one slot', () => {
    const first = history.invoke({ slot, kind: 'book', token: 'a' });
    const second = history.invoke({ slot, kind: 'book', token: 'b' });
    history.complete(first, { kind: 'booked' });
    history.complete(second, { kind: 'booked' });
    assert.equal(verdict(), 'illegal');
  });

  it('refuses an acknowledged booking that is gone', () => {
    done(history, { slot, kind: 'book', token: 'a' }, { kind: 'booked' });
    done(history, { slot, kind: 'look' }, FREE);
    assert.equal(verdict(), 'illegal');
  });

  it('refuses a stale read', () => {
    done(history, { slot, kind: 'book', token: 'a' }, { kind: 'booked' });
    done(history, { slot, kind: 'change', token: 'a', title: 'x' }, { kind: 'changed', version: 2 });
    done(history, { slot, kind: 'read', token: 'a' }, seen('a', 1));
    assert.equal(verdict(), 'illegal');
  });

  it('refuses a change that was made twice', () => {
    done(history, { slot, kind: 'book', token: 'a' }, { kind: 'booked' });
    done(history, { slot, kind: 'change', token: 'a', title: 'x' }, { kind: 'changed', version: 2 });
    done(history, { slot, kind: 'look' }, seen('a', 3, 'x'));
    assert.equal(verdict(), 'illegal');
  });

  it('refuses that the slot is taken when nobody can have taken it', () => {
    done(history, { slot, kind: 'book', token: 'a' }, { kind: 'taken' });
    history.invoke({ slot, kind: 'book', token: 'b' });
    assert.equal(verdict(), 'illegal');
  });

  it('lets a booking of unknown outcome appear later, or never', () => {
    history.invoke({ slot, kind: 'book', token: 'a' });
    done(history, { slot, kind: 'look' }, FREE);
    done(history, { slot, kind: 'book', token: 'b' }, { kind: 'taken' });
    done(history, { slot, kind: 'look' }, seen('a', 1));
    assert.equal(verdict(), 'ok');
    done(history, { slot: 'tuesday', kind: 'look' }, FREE);
    assert.equal(verdict(), 'ok');
  });

  it('does not let it vanish again', () => {
    history.invoke({ slot, kind: 'book', token: 'a' });
    done(history, { slot, kind: 'look' }, seen('a', 1));
    done(history, { slot, kind: 'look' }, FREE);
    assert.equal(verdict(), 'illegal');
  });
});
