/** JSON lines on standard output. Nothing that is named like a secret passes, wherever it stands. */
import pino from 'pino';
import { redacted } from './redact.ts';
import { currentRequest } from './request-context.ts';

export type Logger = pino.Logger;

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
    formatters: { log: (fields) => redacted(fields) },
    // What redacted() made of an error is already what is to be written.
    serializers: { err: (error) => error },
    mixin: () => {
      const request = currentRequest();
      return request ? { requestId: request.requestId } : {};
    },
  };
  const logger = destination ? pino(settings, destination) : pino(settings);
  const { child } = logger;
  logger.child = function <L extends string>(
    this: pino.Logger<L>,
    bindings: pino.Bindings,
    options?: pino.ChildLoggerOptions<L>,
  ) {
    // Children inherit this function; pino's own formatter for bindings would not reach them.
    return Reflect.apply(child, this, [redacted(bindings), options]);
  };
  return logger;
}
