/** The interface described: for programs, and for people. */
import { z } from 'zod';
import { referencePage, STYLE_POLICY } from '../documentation/page.ts';
import type { Endpoint, Route } from './endpoint.ts';
import type { Gateway } from './gateway.ts';

const CACHE = 'public, max-age=300';

function openApi({ openApi }: Gateway): Route {
  const text = JSON.stringify(openApi);
  return async (context) => {
    context.status = 200;
    context.set('Cache-Control', CACHE);
    context.body = text;
    context.type = 'application/json; charset=utf-8';
  };
}

/** One page without a script, so that it may do nothing but be read. */
function docs({ openApi }: Gateway): Route {
  const html = referencePage(openApi);
  return async (context) => {
    context.status = 200;
    context.set('Cache-Control', CACHE);
    context.set(
      'Content-Security-Policy',
      `default-src 'none'; style-src ${STYLE_POLICY}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    context.body = html;
    context.type = 'text/html; charset=utf-8';
  };
}

const about = { method: 'get', topic: 'About', access: 'anybody' } as const;

export const documentationEndpoints: readonly Endpoint[] = [
  {
    ...about,
    path: '/api/openapi.json',
    summary: 'This interface as an OpenAPI 3.1 document',
    answers: { 200: { what: 'The document.', schema: z.looseObject({ openapi: z.string() }) } },
    handler: openApi,
  },
  {
    ...about,
    path: '/api/docs',
    summary: 'This interface as a page for people',
    answers: { 200: { what: 'HTML.', schema: z.string(), type: 'text/html' } },
    handler: docs,
  },
];
