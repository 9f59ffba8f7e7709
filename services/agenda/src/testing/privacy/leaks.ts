/** Whether an answer says anything that its reader may not know, wherever in it. */
import assert from 'node:assert/strict';
import { SUBJECTS, type Subject, sees, told } from './table.ts';
import type { PrivacyWorld } from './world.ts';

/** @param question what is named there is no news. */
export function assertKnown(world: PrivacyWorld, viewer: string, question: unknown, answer: unknown): void {
  const asked = textOf(question);
  const text = textOf(answer);
  for (const subject of SUBJECTS)
    for (const secret of secretsFrom(world, viewer, subject))
      assert.ok(
        asked.includes(secret) || !text.includes(secret),
        `${viewer} must not learn ${secret} (${subject.id}) from ${text}`,
      );
}

/** Its id, and the words in it, as far as somebody is not to know them. */
function secretsFrom(world: PrivacyWorld, viewer: string, subject: Subject): string[] {
  const { before, after } = world.wordsOf(subject);
  const known = sees(viewer, subject) === 'all' ? 'everything' : told(viewer, subject);
  if (known === 'everything') return [];
  if (known === 'before it was renamed') return [...after];
  return namesItsSeries(viewer, subject) ? [...before, ...after] : [subject.id, ...before, ...after];
}

/** A changed occurrence says which series it belongs to. */
function namesItsSeries(viewer: string, { id, kind }: Subject): boolean {
  const changed = SUBJECTS.find((one) => one.id === id.replace('series', 'changed'));
  return kind === 'series' && changed !== undefined && sees(viewer, changed) === 'all';
}

/** With what stands in bytes (files, encoded details) and behind cursors. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (key, part) => {
    if (part?.type === 'Buffer') return Buffer.from(part.data).toString();
    if (part instanceof Uint8Array) return Buffer.from(part).toString().replaceAll('\r\n ', '');
    if (key === 'nextCursor') return `${part} ${Buffer.from(String(part), 'base64url')}`;
    return part;
  });
}
