/** Environment variables: parsed once, everything wrong reported at once, frozen (design §8). */
import { readFileSync } from 'node:fs';
import { z } from 'zod';

const EXIT_CONFIGURATION = 78;
const NODE_MAJOR_MIN = 26;

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Lists every problem, one a line. */
export class EnvironmentError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`the environment is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'EnvironmentError';
    this.problems = problems;
  }
}

const secretSchemas = new WeakSet<z.ZodType>();

/** A secret of at least that many bytes; may come from the file named by `NAME_FILE` (its content, trimmed). */
export function secret(bytesMin: number): z.ZodType<string> {
  return markSecret(
    z.string(required).refine((text) => Buffer.byteLength(text) >= bytesMin, atLeast(bytesMin)),
  );
}

/** One secret, or two during a rotation ("new,old"): the first signs, both are accepted. */
export function secretPair(bytesMin: number): z.ZodType<readonly string[]> {
  const pair = z
    .string(required)
    .transform((text) => text.split(/[,\n]/).map((part) => part.trim()))
    .refine((parts) => parts.length <= 2, 'give one secret, or two separated by a comma during a rotation')
    .refine((parts) => parts.every((part) => Buffer.byteLength(part) >= bytesMin), atLeast(bytesMin));
  return markSecret(pair);
}

const required = { error: 'is missing' };

function atLeast(bytes: number): string {
  return `is too short: at least ${bytes} bytes, for example from "openssl rand -hex ${bytes}"`;
}

function markSecret<T extends z.ZodType>(schema: T): T {
  secretSchemas.add(schema);
  return schema;
}

function isSecret(schema: z.ZodType): boolean {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable)
    return isSecret(schema.unwrap() as z.ZodType);
  return secretSchemas.has(schema);
}

/** `host:port`, also `[::1]:port`. */
export function hostPort(defaultValue?: string): z.ZodType<HostPort> {
  const schema = z.string(required).transform((text, context) => {
    const parsed = parseHostPort(text.trim());
    if (parsed) return parsed;
    context.addIssue(`must be host:port with a port of 0 to 65535, but is "${text}"`);
    return z.NEVER;
  });
  return defaultValue === undefined ? schema : z.string().default(defaultValue).pipe(schema);
}

/** Comma-separated; may be empty. */
export function hostPortList(): z.ZodType<readonly HostPort[]> {
  return z
    .string()
    .default('')
    .transform((text, context) => {
      const parts = text.split(',').flatMap((part) => part.trim() || []);
      const parsed = parts.map(parseHostPort);
      const wrong = parts.filter((_, index) => parsed[index] === undefined);
      if (wrong.length > 0)
        context.addIssue(`must be a comma-separated list of host:port, but has "${wrong.join('", "')}"`);
      return parsed.filter((item) => item !== undefined);
    });
}

function parseHostPort(text: string): HostPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) return undefined;
  return { host: (match[1] ?? match[2]) as string, port };
}

/** `host:port`, with brackets where IPv6 needs them. */
export function formatHostPort(address: HostPort): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

export function integer(min: number, max: number, defaultValue?: number): z.ZodType<number> {
  const schema = z.string(required).transform((text, context) => {
    const value = /^-?\d{1,15}$/.test(text.trim()) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    context.addIssue(`must be a whole number from ${min} to ${max}, but is "${text}"`);
    return z.NEVER;
  });
  return defaultValue === undefined ? schema : z.string().default(String(defaultValue)).pipe(schema);
}

export function flag(defaultValue: boolean): z.ZodType<boolean> {
  return z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default(defaultValue ? 'true' : 'false')
    .transform((text) => text === 'true');
}

const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `500ms`, `10s`, `10m`, `24h`, `30d`. */
export function durationMs(defaultValue?: string): z.ZodType<number> {
  const schema = z.string(required).transform((text, context) => {
    const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text.trim());
    if (match) return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS];
    context.addIssue(`must be a duration like 500ms, 10s, 10m, 24h or 30d, but is "${text}"`);
    return z.NEVER;
  });
  return defaultValue === undefined ? schema : z.string().default(defaultValue).pipe(schema);
}

/** @throws EnvironmentError naming everything that is wrong. */
export function readEnvironment<T extends z.ZodObject>(
  schema: T,
  env: NodeJS.ProcessEnv,
): Readonly<z.output<T>> {
  const problems: string[] = [];
  const input: Record<string, string> = {};
  const failed = new Set<string>();
  for (const [name, field] of Object.entries(schema.shape)) {
    const found = lookUp(name, isSecret(field as z.ZodType), env);
    if (found.problem !== undefined) {
      problems.push(found.problem);
      failed.add(name);
    } else if (found.value !== undefined) input[name] = found.value;
  }
  const parsed = schema.safeParse(input);
  if (!parsed.success)
    for (const issue of parsed.error.issues) {
      const name = issue.path.join('.') || 'the environment';
      if (!failed.has(name)) problems.push(`${name} ${issue.message}`);
    }
  if (problems.length > 0 || !parsed.success) throw new EnvironmentError(problems);
  return Object.freeze(parsed.data);
}

interface Found {
  readonly value?: string;
  readonly problem?: string;
}

/** An empty variable counts as not set: compose files write `NAME=` for "nothing". */
function lookUp(name: string, mayBeFile: boolean, env: NodeJS.ProcessEnv): Found {
  const value = env[name] || undefined;
  if (!mayBeFile) return value === undefined ? {} : { value };
  const fileName = `${name}_FILE`;
  const path = env[fileName] || undefined;
  if (path === undefined) return value === undefined ? {} : { value };
  if (value !== undefined) return { problem: `${name} and ${fileName} are both set: set one` };
  try {
    return { value: readFileSync(path, 'utf8').trim() };
  } catch (error) {
    return { problem: `${fileName} names a file that cannot be read: ${(error as Error).message}` };
  }
}

/** For `main.ts`: prints what is wrong and exits with 78 (EX_CONFIG) instead of throwing. */
export function readEnvironmentOrExit<T extends z.ZodObject>(schema: T): Readonly<z.output<T>> {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < NODE_MAJOR_MIN) {
    process.stderr.write(`Node ${NODE_MAJOR_MIN} or newer is needed, but this is ${process.version}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
  try {
    return readEnvironment(schema, process.env);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(EXIT_CONFIGURATION);
  }
}
