/** Where JSON stops being JSON: JSON.parse does not always say, and its words may quote what is secret. */

// biome-ignore format: one alternative a line would hide that it is one token.
const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 §7 forbids exactly these in strings.
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|true|false|null))/y;
const SPACE = /[ \t\r\n]*/y;

export interface Place {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

type Expected = 'value' | 'value-or-close' | 'key' | 'key-or-close' | 'colon' | 'comma-or-close' | 'end';

/** The first place at which the text cannot go on as JSON; its end if something is missing there. */
export function locateJsonError(text: string): Place {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) return placeOf(text, skipSpace(text, at));
    const next = step(expected, match[1] ?? (match[2] === undefined ? 'scalar' : 'string'), open);
    if (!next) return placeOf(text, skipSpace(text, at));
    expected = next;
    at = TOKEN.lastIndex;
  }
}

/** @returns what may come after the token; undefined: the token may not stand here. */
function step(expected: Expected, token: string, open: ('{' | '[')[]): Expected | undefined {
  const after = (): Expected => (open.length === 0 ? 'end' : 'comma-or-close');
  const close = (bracket: '{' | '['): Expected | undefined => {
    if (open.at(-1) !== bracket) return undefined;
    open.pop();
    return after();
  };
  const inObject = open.at(-1) === '{';
  switch (token) {
    case '{':
    case '[':
      if (expected !== 'value' && expected !== 'value-or-close') return undefined;
      open.push(token);
      return token === '{' ? 'key-or-close' : 'value-or-close';
    case '}':
      return expected === 'key-or-close' || expected === 'comma-or-close' ? close('{') : undefined;
    case ']':
      return expected === 'value-or-close' || expected === 'comma-or-close' ? close('[') : undefined;
    case ':':
      return expected === 'colon' ? 'value' : undefined;
    case ',':
      if (expected !== 'comma-or-close') return undefined;
      return inObject ? 'key' : 'value';
    default:
      if (expected === 'value' || expected === 'value-or-close') return after();
      return token === 'string' && expected.startsWith('key') ? 'colon' : undefined;
  }
}

function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.exec(text);
  return SPACE.lastIndex;
}

function placeOf(text: string, at: number): Place {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}
