/** Majorities, counted here once more: what is checked must not be what checks. */
import type { Configuration, MemberId } from '../../../services/raft-sidecar/src/core/types.ts';

export function isQuorum(
  { voters, votersOutgoing }: Configuration,
  agrees: (id: MemberId) => boolean,
): boolean {
  return isMajority(voters, agrees) && (votersOutgoing.length === 0 || isMajority(votersOutgoing, agrees));
}

function isMajority(voters: readonly MemberId[], agrees: (id: MemberId) => boolean): boolean {
  let count = 0;
  for (const voter of voters) if (agrees(voter)) count += 1;
  return 2 * count > voters.length;
}

const overlaps = new Map<string, boolean>();

/** Every quorum of the one shares a member with every quorum of the other. By trying all. */
export function quorumsOverlap(left: Configuration, right: Configuration): boolean {
  const key = JSON.stringify([left.voters, left.votersOutgoing, right.voters, right.votersOutgoing]);
  const known = overlaps.get(key);
  if (known !== undefined) return known;
  const all = [...new Set([left, right].flatMap((one) => [...one.voters, ...one.votersOutgoing]))];
  let overlap = true;
  for (let subset = 0; subset < 2 ** all.length && overlap; subset++) {
    const isIn = (id: MemberId): boolean => ((subset >> all.indexOf(id)) & 1) === 1;
    overlap = !(isQuorum(left, isIn) && isQuorum(right, (id) => !isIn(id)));
  }
  overlaps.set(key, overlap);
  return overlap;
}
