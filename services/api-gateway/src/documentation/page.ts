/**
 * The OpenAPI document as one page of plain HTML. The usual viewers are scripts of 1 to 2 MB with a hundred packages
 * behind them, some of which report home; this needs no script at all.
 */
import { createHash } from 'node:crypto';
import { escaped, inline } from './html.ts';
import type { OpenApiDocument } from './openapi.ts';
import { type Schema, schemaHtml } from './schema-html.ts';

const STYLE = `
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent);
  --soft: color-mix(in srgb, currentColor 6%, transparent); --dim: color-mix(in srgb, currentColor 65%, transparent); }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1.5rem 1rem; border-right: 1px solid var(--line); font-size: .875rem; }
nav a { display: block; padding: .15rem .4rem; color: inherit; text-decoration: none; border-radius: .3rem; overflow-wrap: anywhere; }
nav a:hover { background: var(--soft); } nav strong { display: block; margin: 1rem .4rem .2rem; }
main { padding: 2rem 3rem 6rem; max-width: 62rem; }
h1 { margin-top: 0; } h2 { margin: 3rem 0 1rem; padding-bottom: .3rem; border-bottom: 1px solid var(--line); }
article { margin: 1.5rem 0; border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.25rem; scroll-margin-top: 1rem; }
article h3 { margin: 0; font: 600 1rem/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
article h4 { margin: 1rem 0 .3rem; font-size: .8125rem; text-transform: uppercase; letter-spacing: .05em; color: var(--dim); }
.method { display: inline-block; min-width: 4.2rem; margin-right: .5rem; padding: 0 .5rem; border-radius: .3rem; text-align: center; color: #fff; background: #57606a; }
.get { background: #0a6ebd; } .post { background: #1a7f37; } .put, .patch { background: #9a6700; } .delete { background: #b3261e; }
code, pre { font: .875em/1.5 ui-monospace, monospace; } code { background: var(--soft); padding: .1em .3em; border-radius: .25rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; } td, th { text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; } td:first-child { white-space: nowrap; } .dim { color: var(--dim); }
ul.fields { list-style: none; margin: .2rem 0; padding-left: 1rem; border-left: 2px solid var(--line); }
details > summary { cursor: pointer; } .lock { float: right; font-size: .8125rem; color: var(--dim); }
@media (max-width: 55rem) { body { display: block; } nav { position: static; height: auto; border: 0; } main { padding: 1rem; } }
`;

/** For the Content-Security-Policy: this style sheet, and no other. */
export const STYLE_POLICY = `'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`;

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
  readonly description?: string;
}

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>;

export function referencePage(document: OpenApiDocument): string {
  const operations = operationsOf(document);
  const byTopic = Map.groupBy(operations, ({ tags }) => tags[0] ?? '');
  const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(document.info.title)}: API</title><style>${STYLE}</style></head>
<body><nav aria-label="Contents"><a href="#top"><b>${escaped(document.info.title)}</b></a>
<a href="/api/openapi.json">openapi.json</a>${[...byTopic].map(contentsOf).join('')}
<strong>Schemas</strong>${Object.keys(schemas)
    .map((name) => `<a href="#schema-${name}">${name}</a>`)
    .join('')}</nav>
<main><h1 id="top">${escaped(document.info.title)} <span class="dim">API ${escaped(document.info.version)}</span></h1>
${introduction(document.info.description ?? '')}
${[...byTopic].map(([topic, own]) => `<h2>${escaped(topic)}</h2>${own.map(operationHtml).join('')}`).join('')}
<h2>Schemas</h2>${Object.entries(schemas).map(schemaArticle).join('')}</main></body></html>`;
}

function operationsOf({ paths = {} }: OpenApiDocument): Operation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, object>).map(
      ([method, operation]) => ({ ...operation, method, path }) as Operation,
    ),
  );
}

function contentsOf([topic, operations]: [string, Operation[]]): string {
  const links = operations.map(
    ({ operationId, method, path }) =>
      `<a href="#${operationId}"><span class="dim">${method.toUpperCase()}</span> ${escaped(path)}</a>`,
  );
  return `<strong>${escaped(topic)}</strong>${links.join('')}`;
}

/** Paragraphs, and the one table, of the little Markdown that the document's introduction is. */
function introduction(markdown: string): string {
  return markdown
    .split('\n\n')
    .map((block) => (block.startsWith('|') ? tableHtml(block) : `<p>${inline(block)}</p>`))
    .join('\n');
}

function tableHtml(block: string): string {
  const [head, , ...rows] = block.split('\n').map((line) => line.slice(1, -1).split('|'));
  const cells = (row: readonly string[], tag: string): string =>
    `<tr>${row.map((cell) => `<${tag}>${inline(cell.trim())}</${tag}>`).join('')}</tr>`;
  return `<table>${cells(head ?? [], 'th')}${rows.map((row) => cells(row, 'td')).join('')}</table>`;
}

function operationHtml(operation: Operation): string {
  const { method, path, operationId, summary, security = [], parameters = [], requestBody } = operation;
  const access = security.length > 0 ? 'needs a token' : 'open to anybody';
  return `<article id="${operationId}"><span class="lock">${access}</span>
<h3><span class="method ${method}">${method.toUpperCase()}</span>${escaped(path)}</h3><p>${inline(summary)}</p>
${parameters.length > 0 ? `<h4>Parameters</h4><table>${parameters.map(parameterHtml).join('')}</table>` : ''}
${requestBody ? `<h4>Body${requestBody.required ? '' : ' (optional)'}</h4>${contentHtml(requestBody.content)}` : ''}
<h4>Answers</h4><table>${Object.entries(operation.responses).map(answerHtml).join('')}</table></article>`;
}

function parameterHtml({ name, in: place, required, schema = {}, description }: Parameter): string {
  const text = inline(description ?? schema.description ?? '');
  return `<tr><td><code>${escaped(name)}</code></td><td class="dim">${place}${required ? ', required' : ''}</td>
<td>${schemaHtml({ ...schema, description: '' })} ${text}</td></tr>`;
}

function answerHtml([status, { description, content }]: [
  string,
  { readonly description: string; readonly content?: Content },
]): string {
  // The form of problems is the same everywhere.
  const body = content && Number(status) < 400 ? contentHtml(content) : '';
  return `<tr><td><code>${status}</code></td><td>${inline(description)} ${body}</td></tr>`;
}

function contentHtml(content: Content): string {
  const types = Object.keys(content).map((type) => `<code>${escaped(type)}</code>`);
  const [first] = Object.values(content);
  return `<span class="dim">${types.join(' ')}</span> ${schemaHtml(first?.schema ?? {})}`;
}

function schemaArticle([name, schema]: [string, Schema]): string {
  return `<article id="schema-${name}"><h3>${name}</h3>${schemaHtml(schema)}</article>`;
}
