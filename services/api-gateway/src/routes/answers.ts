/** The shapes of answers that routes share. */
import { setETag } from '../middleware/conditions.ts';
import type { RequestContext } from '../middleware/context.ts';

/** Serialized here, once: Koa would only do the same a layer deeper. */
export function answer(context: RequestContext, status: number, body: unknown, index?: number): void {
  context.status = status;
  if (index !== undefined) context.set('X-Agenda-Index', String(index));
  context.body = JSON.stringify(body);
  context.type = 'application/json; charset=utf-8';
}

export function answerEmpty(context: RequestContext, index: number): void {
  context.set('X-Agenda-Index', String(index));
  context.status = 204;
}

/** The client has this version already. */
export function answerUnchanged(context: RequestContext, version: number, index: number): void {
  setETag(context, version);
  context.set('X-Agenda-Index', String(index));
  context.status = 304;
}
