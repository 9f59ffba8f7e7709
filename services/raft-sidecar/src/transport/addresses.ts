/** Peer addresses as text, the way nodes tell them to each other. */
import type { HostPort } from '@agenda/service-kit/environment';

const ADDRESS = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([^:[\]\s]{1,253})):(\d{1,5})$/;
const PORT_MAX = 65_535;

export function isAddress(text: string): boolean {
  const match = ADDRESS.exec(text);
  return match !== null && Number(match[3]) <= PORT_MAX;
}

/** @throws Error if it is no host:port. */
export function parseAddress(text: string): HostPort {
  const match = ADDRESS.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > PORT_MAX) throw new Error(`"${text}" is no host:port`);
  return { host: (match[1] ?? match[2]) as string, port };
}
