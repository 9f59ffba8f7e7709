/** JSON lines on standard output. Nothing secret passes: known names are removed wherever they stand, two levels deep. */
import pino from 'pino';
import { currentRequest } from './request-context.ts';

export type Logger = pino.Logger;

const SECRET_NAMES = [
  'password',
  'currentPassword',
  'newPassword',
  'passwordHash',
  'token',
  'refreshToken',
  'ticket',
  'secret',
  'authorization',
  'cookie',
  'signature',
  'mac',
];

export interface LoggerOptions {
  /** api-gateway, agenda, raft-sidecar, audit, pod, agendactl. */
  readonly component: string;
  readonly nodeId: string;
  /** pino's: trace, debug, info, warn, error, fatal, silent. */
  readonly level: string;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export function createLogger(options: LoggerOptions, destination?: pino.DestinationStream): Logger {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: { component: options.component, nodeId: options.nodeId },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*["x-${name}"]`]),
      censor: '[removed]',
    },
    mixin: () => {
      const request = currentRequest();
      return request ? { requestId: request.requestId } : {};
    },
  };
  return destination ? pino(settings, destination) : pino(settings);
}
