/** One row of the route table: what the router and the OpenAPI document are both made from. */
import type { ErrorCode } from '@agenda/service-kit/errors';
import type { z } from 'zod';
import type { RequestContext } from '../middleware/context.ts';
import type { BudgetName } from '../middleware/rate-limits.ts';
import type { Gateway } from './gateway.ts';

export type Route = (context: RequestContext) => Promise<void>;

export type Topic =
  | 'Accounts'
  | 'People'
  | 'Groups'
  | 'Appointments'
  | 'Agenda'
  | 'Free time'
  | 'Notifications'
  | 'Calendars'
  | 'Operators'
  | 'About';

export interface Answer {
  readonly what: string;
  /** Undefined: without a body. */
  readonly schema?: z.ZodType;
  /** Default: application/json. */
  readonly type?: string;
  /** Names of headers beyond those that every answer of its kind has. */
  readonly headers?: readonly AnswerHeader[];
}

export type AnswerHeader = 'ETag' | 'Location';

export interface Body {
  readonly schema: z.ZodType;
  /** Default: application/json. */
  readonly types?: readonly string[];
  /** An empty body will do. */
  readonly optional?: boolean;
}

export interface Endpoint {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As the router takes it. Parameters are UUIDs, but `secret` and `notificationId`. */
  readonly path: `/${string}`;
  readonly topic: Topic;
  readonly summary: string;
  /** Who may ask; default: whoever is logged in. */
  readonly access?: 'anybody';
  /** What the agenda does for it: reads say how fresh they must be, writes may be repeated. Default: nothing. */
  readonly agenda?: 'read' | 'write';
  readonly query?: z.ZodObject;
  readonly body?: Body;
  /** If-Match on a change, If-None-Match on a read. */
  readonly conditional?: boolean;
  readonly budget?: BudgetName;
  readonly answers: Readonly<Record<number, Answer>>;
  /** Beyond those that every request of its kind may get (openapi.ts). */
  readonly errors?: readonly ErrorCode[];
  readonly handler: (gateway: Gateway) => Route;
}
