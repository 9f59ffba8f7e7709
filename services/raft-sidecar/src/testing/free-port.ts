import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below the ports that systems choose for outgoing connections. */
const PORT_MIN = 10_000;
const PORT_MAX = 32_000;

/** Free at this moment on all these addresses. */
export async function freePort(hosts: readonly string[]): Promise<number> {
  for (;;) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN));
    const free = await Promise.all(hosts.map((host) => isFree(host, port)));
    if (free.every(Boolean)) return port;
  }
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
    return true;
  } catch {
    // Taken: that is what was asked.
    return false;
  } finally {
    server.close();
  }
}
