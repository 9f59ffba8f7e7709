/** What all cases share: one stack, and the clients that remember what was acknowledged to them. */
import { Clients } from '../clients.ts';
import { Stack } from '../stack.ts';

export const NOW = 'agenda-distribuida:now';
export const NEXT = 'agenda-distribuida:next';
export const BROKEN = 'agenda-distribuida:broken';
export const SECRETS_DIR = process.env.SECRETS_DIR as string;
/** Long: seven pods start at once, on the cores of one machine. */
export const HEALTHY_MS = 240_000;

export const stack = new Stack(SECRETS_DIR);
export const clients = new Clients(stack);
