/** The listening socket: HTTP or HTTPS, its limits, and how it drains. */

import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { formatHostPort, type HostPort } from '@agenda/service-kit/environment';

/** Longer than load balancers keep idle connections, so that they close first. */
const KEEP_ALIVE_MS = 75_000;
const HEADERS_MS_MAX = 15_000;
const REQUEST_MS_MAX = 30_000;
const CONNECTIONS_MAX = 20_000;
const DRAIN_MS = 5_000;
/** How soon a connection whose last request has ended is let go while draining. */
const IDLE_CHECK_MS = 50;

/** In PEM. */
export interface Tls {
  readonly cert: Buffer;
  readonly key: Buffer;
}

export function createHttpServer(listener: RequestListener, tls: Tls | undefined): Server {
  const limits = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: HEADERS_MS_MAX,
    requestTimeout: REQUEST_MS_MAX,
  };
  const server = tls ? createTlsServer({ ...limits, ...tls }, listener) : createServer(limits, listener);
  server.maxConnections = CONNECTIONS_MAX;
  return server;
}

export function listen(server: Server, address: HostPort): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Error(`cannot listen on ${formatHostPort(address)}: ${error.message}`)),
    );
    server.listen(address.port, address.host, () => resolve());
  });
}

/** Takes no new connections, lets requests under way end, and then lets go of what is left. */
export function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_CHECK_MS);
    server.close(() => {
      clearTimeout(timer);
      clearInterval(idle);
      resolve();
    });
  });
}
