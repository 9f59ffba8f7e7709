/** The text form of a scenario: comments, directives, `----`, and what they lead to, up to the next blank line. */

export interface Block {
  /** Comments and blank lines before it, as they are. */
  readonly lead: readonly string[];
  readonly directives: readonly string[];
  readonly expected: readonly string[];
  /** Of its first directive, from 1. */
  readonly line: number;
}

const SEPARATOR = '----';

export function parseScript(text: string): Block[] {
  const lines = text.replace(/\n+$/, '').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  const takeWhile = (holds: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && holds(lines[at] as string)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const lead = takeWhile((line) => line === '' || line.startsWith('#'));
    const line = at + 1;
    const directives = takeWhile((each) => each !== SEPARATOR && each !== '');
    if (directives.length === 0) throw new Error(`line ${line}: no directive`);
    const expected = lines[at] === SEPARATOR ? takeWhile((each) => each !== '').slice(1) : [];
    blocks.push({ lead, directives, expected, line });
  }
  return blocks;
}

/** With new outcomes, one for each block. */
export function renderScript(blocks: readonly Block[], outcomes: readonly (readonly string[])[]): string {
  const lines = blocks.flatMap(({ lead, directives }, at) => [
    ...lead,
    ...directives,
    SEPARATOR,
    ...(outcomes[at] as readonly string[]),
  ]);
  return `${lines.join('\n')}\n`;
}
