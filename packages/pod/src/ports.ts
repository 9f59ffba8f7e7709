/** Ports on loopback. */
import { createServer, type Server } from 'node:net';

/**
 * Below the ports from which systems choose for outgoing connections (Linux: 32768 on, macOS: 49152 on). A port of that
 * range may be taken by any connection while the pod that should listen there is down, even by one to itself.
 */
const FREE_PORT_MIN = 10_000;
const FREE_PORT_MAX = 32_000;

/** Free at this moment, all different, and not chosen for outgoing connections. */
export async function freePorts(count: number): Promise<number[]> {
  const range = FREE_PORT_MAX - FREE_PORT_MIN;
  const first = Math.floor(Math.random() * range);
  const servers: Server[] = [];
  const ports: number[] = [];
  try {
    for (let step = 0; step < range && ports.length < count; step++) {
      const port = FREE_PORT_MIN + ((first + step) % range);
      const server = await listen(port, '127.0.0.1').catch(unlessTaken);
      if (!server) continue;
      servers.push(server);
      ports.push(port);
    }
  } finally {
    await Promise.all(servers.map(close));
  }
  if (ports.length < count)
    throw new Error(`no ${count} free ports from ${FREE_PORT_MIN} to ${FREE_PORT_MAX}`);
  return ports;
}

/** @throws Error when the port cannot be had for another reason than that it is taken. */
export async function isPortFree(port: number, host: string): Promise<boolean> {
  const server = await listen(port, host).catch(unlessTaken);
  if (server) await close(server);
  return server !== undefined;
}

function unlessTaken(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EADDRINUSE') throw error;
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
