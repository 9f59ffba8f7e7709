/** The web page: its built files, read once, served from memory, so that no path can lead anywhere else. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ServiceError } from '@agenda/service-kit/errors';
import type { RequestContext } from '../middleware/context.ts';

const DIST = join(dirname(fileURLToPath(import.meta.url)), '../../ui/dist');
const PREFIX = '/ui/';
const INDEX = 'index.html';
/** The page may load its own files, talk to its own origin, and nothing else. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

interface PageFile {
  readonly body: Buffer;
  readonly type: string;
  readonly etag: string;
  /** Its name holds its hash: it never changes. */
  readonly immutable: boolean;
  compressed: Promise<Buffer> | undefined;
}

export function serveUi(directory: string = DIST): (context: RequestContext) => Promise<void> {
  const files = readFiles(directory);
  return async (context) => {
    const path = context.path.slice(PREFIX.length);
    // A page of the application; a file would have an extension.
    const file = files.get(path) ?? (extname(path) === '' ? files.get(INDEX) : undefined);
    if (!file) throw notFound(files.size === 0, context.path);
    await answerFile(context, file);
  };
}

function notFound(unbuilt: boolean, path: string): ServiceError {
  if (unbuilt) return new ServiceError('not_found', 'the page is not built: run "make ui" and restart');
  return new ServiceError('not_found', `there is no file ${path}`);
}

function readFiles(directory: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  let names: string[];
  try {
    names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return files;
    throw error;
  }
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(join(directory, name));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
    files.set(name, { body, type, etag, immutable: name.startsWith('assets/'), compressed: undefined });
  }
  return files;
}

async function answerFile(context: RequestContext, file: PageFile): Promise<void> {
  context.set({
    'Content-Security-Policy': PAGE_POLICY,
    'Cache-Control': file.immutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    ETag: file.etag,
    Vary: 'Accept-Encoding',
  });
  if (context.get('if-none-match') === file.etag) {
    context.status = 304;
    return;
  }
  context.status = 200;
  context.type = file.type;
  if (context.acceptsEncodings('gzip', 'identity') !== 'gzip' || file.type.startsWith('image/png')) {
    context.body = file.body;
    return;
  }
  file.compressed ??= promisify(gzip)(file.body) as Promise<Buffer>;
  context.set('Content-Encoding', 'gzip');
  context.body = await file.compressed;
}
