/**
 * Whether this pod's processes answer: the container's health check, without curl. It asks for life, not for readiness: an
 * engine lists a task in its DNS only once the task is healthy, and peers must find each other before any of them can
 * be ready; and a pod without a leader must not be killed for that. Imports next to nothing, because it runs every few
 * seconds.
 */
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

/** The gateway itself, and through it the sidecar. */
const PATHS = ['/healthz', '/raft/health'];
const DEADLINE_MS = 3_000;
const WILDCARDS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

const { HTTP_ADDR = '0.0.0.0:8080', TLS_CERT_FILE } = process.env;
const [, host = '127.0.0.1', port = '8080'] = /^(.*):(\d+)$/.exec(HTTP_ADDR) ?? [];
const base = `${TLS_CERT_FILE ? 'https' : 'http'}://${WILDCARDS[host] ?? host}:${port}`;

/** @returns what is wrong; undefined: nothing. */
function ask(path: string): Promise<string | undefined> {
  const url = base + path;
  return new Promise((resolve) => {
    // This pod's own certificate, on loopback: its name does not matter.
    const request = TLS_CERT_FILE ? getHttps(url, { rejectUnauthorized: false }) : getHttp(url);
    request.setTimeout(DEADLINE_MS, () => request.destroy(new Error(`no answer within ${DEADLINE_MS} ms`)));
    request.on('error', ({ message }) => resolve(`${url}: ${message}`));
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200 ? undefined : `${url} answers ${response.statusCode}`);
    });
  });
}

const problems = (await Promise.all(PATHS.map(ask))).filter((problem) => problem !== undefined);
for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exit(problems.length > 0 ? 1 : 0);
