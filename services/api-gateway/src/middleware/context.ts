/** What the middlewares leave on a request for the routes. */
import type { RouterContext } from '@koa/router';
import type { DefaultContext } from 'koa';
import type { Principal } from '../tokens.ts';

export interface RequestState {
  requestId: string;
  /** Of the client. */
  address: string;
  /** Set by the router, whatever the method: some reads are asked by POST. */
  isWrite?: boolean;
  /** Set by authentication. */
  principal?: Principal;
  /** The bytes of the body, as they came; set when it is read. */
  rawBody?: Buffer;
}

export type RequestContext = RouterContext<RequestState, DefaultContext, unknown>;
