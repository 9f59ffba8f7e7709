/** Reads the data-driven vectors of other projects (see the README.md beside them): directives, input, expectation. */
import { readVectorTexts } from '@agenda/service-kit/testing/vectors';

export interface VectorCase {
  /** File and line, for messages. */
  readonly at: string;
  readonly directive: string;
  /** `key=v` and `key=(a, b)` give their values, a bare `key` none. */
  readonly arguments: ReadonlyMap<string, readonly string[]>;
  readonly input: readonly string[];
  readonly expected: readonly string[];
}

export interface VectorFile {
  readonly name: string;
  readonly cases: readonly VectorCase[];
  /** How many expectations the text holds, counted apart from the cases. */
  readonly answers: number;
}

/** Undefined, with a line that says so: the folder is not there. */
export function readVectors(folder: string): readonly VectorFile[] | undefined {
  return readVectorTexts(folder, '.txt')?.map(({ name, text }) => {
    const lines = text.split('\n');
    const answers = lines.filter((line) => line === '----').length;
    return { name, cases: casesOf(name, lines), answers };
  });
}

function casesOf(name: string, lines: readonly string[]): VectorCase[] {
  const cases: VectorCase[] = [];
  let at = 0;
  const isSkipped = (line: string): boolean => line.trim() === '' || line.startsWith('#');
  while (at < lines.length) {
    if (isSkipped(lines[at] as string)) {
      at += 1;
      continue;
    }
    const start = at;
    while (at < lines.length && lines[at] !== '----') at += 1;
    const [head, ...input] = lines.slice(start, at).filter((line) => !isSkipped(line));
    const expectedFrom = at + 1;
    for (at = expectedFrom; at < lines.length && lines[at]?.trim() !== ''; ) at += 1;
    const [directive, ...rest] = (head as string).split(' ');
    cases.push({
      at: `${name}:${start + 1}`,
      directive: directive as string,
      arguments: argumentsOf(rest.join(' ')),
      input,
      expected: lines.slice(expectedFrom, at),
    });
  }
  return cases;
}

function argumentsOf(text: string): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const [, key, list, single] of text.matchAll(/([\w-]+)(?:=(?:\(([^)]*)\)|(\S+)))?/g)) {
    const values = list?.split(',').map((value) => value.trim()) ?? (single === undefined ? [] : [single]);
    found.set(
      key as string,
      values.filter((value) => value !== ''),
    );
  }
  return found;
}
