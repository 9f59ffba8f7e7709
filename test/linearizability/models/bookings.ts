/** The agenda as its clients see it, one slot of one owner's time: at most one appointment in it, with a version. */
import type { Model } from '../model.ts';

export interface Booking {
  /** Chosen by the client that books, different each time, and kept by the appointment unchanged. */
  readonly token: string;
  /** 1 when booked, one more with each change. */
  readonly version: number;
  readonly title: string;
}

/** Null: the slot is free. */
export type SlotState = Booking | null;

/** To `book` is refused if the slot is taken; the title is the token until it is changed. */
interface Book {
  readonly kind: 'book';
  readonly token: string;
}
/** What is in the slot? */
interface Look {
  readonly kind: 'look';
}
/** The appointment itself, which is known to have been booked. */
interface Read {
  readonly kind: 'read';
  readonly token: string;
}
/** Without an expected version: whatever it is. */
interface Change {
  readonly kind: 'change';
  readonly token: string;
  readonly title: string;
  readonly expectedVersion?: number;
}
interface Cancel {
  readonly kind: 'cancel';
  readonly token: string;
  readonly expectedVersion?: number;
}

export type BookingInput = { readonly slot: string } & (Book | Look | Read | Change | Cancel);

export type BookingOutput =
  | { readonly kind: 'booked' | 'taken' | 'cancelled' }
  /** To `look` and `read`. */
  | { readonly kind: 'seen'; readonly booking: SlotState }
  | { readonly kind: 'changed'; readonly version: number }
  /** To `change` and `cancel`: there is no such appointment any more, or it has another version. */
  | { readonly kind: 'absent' | 'mismatch' };

export const bookingsModel: Model<SlotState, BookingInput, BookingOutput> = {
  initial: null,
  step(state, input, output) {
    const { next, answer } = outcomeOf(state, input);
    if (output === undefined || agree(output, answer)) return next;
    return undefined;
  },
  keyOf: (state) => (state ? `${state.token} ${state.version} ${state.title}` : ''),
  partitionOf: ({ slot }) => slot,
  isReadOnly: ({ kind }, output) =>
    kind === 'look' ||
    kind === 'read' ||
    output?.kind === 'taken' ||
    output?.kind === 'absent' ||
    output?.kind === 'mismatch',
};

interface Outcome {
  readonly next: SlotState;
  readonly answer: BookingOutput;
}

function outcomeOf(state: SlotState, input: BookingInput): Outcome {
  if (input.kind === 'look') return { next: state, answer: { kind: 'seen', booking: state } };
  if (input.kind === 'book') {
    if (state) return { next: state, answer: { kind: 'taken' } };
    const booking = { token: input.token, version: 1, title: input.token };
    return { next: booking, answer: { kind: 'booked' } };
  }
  const found = state?.token === input.token ? state : null;
  if (input.kind === 'read') return { next: state, answer: { kind: 'seen', booking: found } };
  if (!found) return { next: state, answer: { kind: 'absent' } };
  if (input.expectedVersion !== undefined && input.expectedVersion !== found.version)
    return { next: state, answer: { kind: 'mismatch' } };
  if (input.kind === 'cancel') return { next: null, answer: { kind: 'cancelled' } };
  const version = found.version + 1;
  return { next: { ...found, title: input.title, version }, answer: { kind: 'changed', version } };
}

function agree(left: BookingOutput, right: BookingOutput): boolean {
  if (left.kind === 'seen' && right.kind === 'seen')
    return bookingsModel.keyOf(left.booking) === bookingsModel.keyOf(right.booking);
  if (left.kind === 'changed' && right.kind === 'changed') return left.version === right.version;
  return left.kind === right.kind;
}
