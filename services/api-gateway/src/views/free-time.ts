import type { FreeBusy, FreeSlot } from '@agenda/proto/agenda/v1/agenda';
import type { FreeBusyAnswer, FreeSlotAnswer } from '../schemas/free-time.ts';
import { instant } from './values.ts';

export function freeSlotView(slot: FreeSlot): FreeSlotAnswer {
  return {
    start: instant(slot.startMs),
    end: instant(slot.endMs),
    score: slot.score,
    reason: slot.reason,
    missingUserIds: slot.missingUserIds,
  };
}

export function freeBusyView({ userId, busy }: FreeBusy): FreeBusyAnswer {
  return {
    userId,
    busy: busy.map(({ startMs, endMs }) => ({ start: instant(startMs), end: instant(endMs) })),
  };
}
