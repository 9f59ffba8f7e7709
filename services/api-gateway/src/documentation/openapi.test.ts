import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { ERROR_TABLE } from '@agenda/service-kit/errors';
import { routes } from '../app.ts';
import type { Gateway } from '../routes/gateway.ts';
import { ENDPOINTS } from '../routes/table.ts';
import { GatewayProcess } from '../testing/gateway-process.ts';
import { ask } from '../testing/http-client.ts';
import { type OpenApiDocument, openApiDocument } from './openapi.ts';

/** Of the web page: not of the interface. */
const PAGE = ['/', '/ui', '/^\\/ui\\/.*$/'];

describe('the OpenAPI document', () => {
  const gateway = new GatewayProcess();
  let document: OpenApiDocument;

  before(async () => {
    await gateway.start();
    document = (await ask(gateway.origin, 'GET', '/api/openapi.json')).json;
  });
  after(() => gateway.stop());

  it('is the one that the route table gives', () => {
    assert.match(document.openapi, /^3\.1\./);
    const own = openApiDocument(ENDPOINTS, document.info.version);
    assert.deepEqual(document, JSON.parse(JSON.stringify(own)));
  });

  it('has every route of the router, and the router every path of the document', () => {
    const inert = new Proxy({}, { get: () => inert }) as unknown as Gateway;
    const handlers = {
      limits: { spending: () => async () => {} },
      metrics: { gauge: () => ({}) },
      openApi: document,
    };
    const router = routes({ ...inert, ...handlers } as unknown as Gateway);
    const routed = router.stack
      .filter(({ path }) => !PAGE.includes(String(path)))
      .flatMap(({ path, methods }) =>
        methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${path}`),
      );
    const documented = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
    );
    assert.deepEqual(routed.sort(), documented.sort());
    assert.ok(routed.length > 50, `only ${routed.length}`);
  });

  it('names each operation once, and refers to nothing that is not there', () => {
    const ids = Object.values(document.paths ?? {}).flatMap((methods) =>
      Object.values(methods as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
    );
    assert.equal(new Set(ids).size, ids.length);
    for (const [, reference] of JSON.stringify(document).matchAll(
      /"\$ref":"#\/components\/schemas\/([^"]+)"/g,
    ))
      assert.ok(document.components?.schemas?.[reference as string], `there is no schema ${reference}`);
  });

  it('tells the meaning and the status of every error', () => {
    for (const [code, { http }] of Object.entries(ERROR_TABLE))
      assert.match(document.info.description ?? '', new RegExp(`\`${code}\` \\| ${http} \\| \\S`));
  });

  it('says who may ask: whatever needs a token answers 401 without one', async () => {
    const opened: string[] = [];
    for (const { method, path, access } of ENDPOINTS) {
      if (access === 'anybody') continue;
      const { status } = await ask(gateway.origin, method.toUpperCase(), path.replace(/:\w+/g, 'x'));
      if (status !== 401) opened.push(`${method} ${path} answered ${status}`);
    }
    assert.deepEqual(opened, []);
  });

  it('has a page for people, which may run and load nothing', async () => {
    const { status, text, headers } = await ask(gateway.origin, 'GET', '/api/docs');
    assert.equal(status, 200);
    const policy = headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'; style-src 'sha256-/);
    assert.doesNotMatch(policy, /script-src|unsafe/);
    assert.doesNotMatch(text, /<script|<link|<img|src=|https?:\/\//i);
    for (const { path, summary } of ENDPOINTS) {
      assert.ok(text.includes(path.replace(/:(\w+)/g, '{$1}')), `the page lacks ${path}`);
      assert.ok(text.includes(summary.split(/[&<>"'`]/)[0] as string), `the page lacks "${summary}"`);
    }
  });

  it('is told in docs/API.md path by path, and code by code', () => {
    const told = readFileSync(new URL('../../../../docs/API.md', import.meta.url), 'utf8');
    const missing = ENDPOINTS.map(({ path }) => path.replace(/:(\w+)/g, '{$1}')).filter(
      (path) => !told.includes(path),
    );
    assert.deepEqual(missing, []);
    for (const [code, { http }] of Object.entries(ERROR_TABLE)) {
      const row = told.split('\n').find((line) => line.startsWith('|') && line.includes(`\`${code}\``));
      assert.ok(row?.includes(String(http)), `docs/API.md lacks ${code}`);
    }
  });
});
