/** A JSON Schema as people read it: what type, which bounds, which fields. */
import { escaped, inline } from './html.ts';

export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly example?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export function schemaHtml(schema: Schema): string {
  const choices = schema.oneOf ?? schema.anyOf ?? schema.allOf;
  const described = schema.description ? ` ${inline(schema.description)}` : '';
  if (schema.$ref) return link(schema.$ref) + described;
  if (choices) return `${choices.map(schemaHtml).join(' or ')}${described}`;
  const facts = factsOf(schema);
  const dim = facts === '' ? '' : ` <span class="dim">${facts}</span>`;
  return `${typeHtml(schema)}${dim}${described}${fieldsHtml(schema)}`;
}

function link(reference: string): string {
  const name = escaped(reference.split('/').at(-1) ?? '');
  return `<a href="#schema-${name}">${name}</a>`;
}

function typeHtml({ type, format, items, enum: values }: Schema): string {
  if (values) return values.map((value) => `<code>${escaped(JSON.stringify(value))}</code>`).join(' ');
  if (type === 'array') return `list of ${schemaHtml(items ?? {})}`;
  const types = typeof type === 'string' ? [type] : (type ?? ['any']);
  return escaped(types.map((name) => (name === 'string' && format ? format : name)).join(' or '));
}

function factsOf(schema: Schema): string {
  const {
    minimum,
    maximum,
    minLength,
    maxLength,
    minItems,
    maxItems,
    example,
    default: given,
    pattern,
  } = schema;
  const facts = [
    bounds(minimum, maximum, ''),
    bounds(minLength, maxLength, ' characters'),
    bounds(minItems, maxItems, ' items'),
    pattern === undefined ? '' : `<code>${escaped(pattern)}</code>`,
    given === undefined ? '' : `default <code>${escaped(JSON.stringify(given))}</code>`,
    example === undefined ? '' : `like <code>${escaped(JSON.stringify(example))}</code>`,
  ];
  return facts.filter((fact) => fact !== '').join(', ');
}

function bounds(min: number | undefined, max: number | undefined, unit: string): string {
  if (min === undefined && (max === undefined || max >= Number.MAX_SAFE_INTEGER)) return '';
  if (max === undefined || max >= Number.MAX_SAFE_INTEGER) return `at least ${min}${unit}`;
  return min === undefined ? `at most ${max}${unit}` : `${min} to ${max}${unit}`;
}

function fieldsHtml({ properties, required = [] }: Schema): string {
  if (!properties) return '';
  const fields = Object.entries(properties).map(([name, schema]) => {
    const mark = required.includes(name) ? '' : ' <span class="dim">optional</span>';
    return `<li><code>${escaped(name)}</code>${mark} ${schemaHtml(schema)}</li>`;
  });
  return `<ul class="fields">${fields.join('')}</ul>`;
}
