/** What a reader of the trail may ask for: as SQL conditions on the copies in columns, and as a test of a record. */
import { type AuditRecord, type Filter, Level } from '@agenda/proto/audit/v1/audit';
import { asciiLower, searchedText } from './record.ts';

/** Conditions whose parameters are {@link parametersOf} the same filter. */
export function conditionsOf(filter: Filter | undefined): string[] {
  if (!filter) return [];
  const conditions: string[] = [];
  if (filter.fromMs > 0) conditions.push('at_ms >= @fromMs');
  if (filter.toMs > 0) conditions.push('at_ms < @toMs');
  if (filter.actor) conditions.push('(actor_id = @actor OR actor_name = @actor)');
  if (filter.action.endsWith('.')) conditions.push('substr(action, 1, length(@action)) = @action');
  else if (filter.action) conditions.push('action = @action');
  if (filter.component) conditions.push('component = @component');
  if (filter.minimumLevel !== Level.LEVEL_UNSPECIFIED) conditions.push('level >= @minimumLevel');
  if (filter.requestId) conditions.push('request_id = @requestId');
  if (filter.nodeId) conditions.push('node_id = @nodeId');
  if (filter.text) conditions.push('instr(searched_text, @text) > 0');
  return conditions;
}

export function parametersOf(filter: Filter | undefined): Record<string, unknown> {
  return filter ? { ...filter, text: asciiLower(filter.text) } : {};
}

/** As the conditions above, for records that are not rows: the live tail and pending events. */
export function matches(filter: Filter | undefined, { event }: AuditRecord): boolean {
  if (!filter) return true;
  if (!event) return false;
  const action = filter.action.endsWith('.')
    ? event.action.startsWith(filter.action)
    : event.action === filter.action;
  return (
    (filter.fromMs <= 0 || event.atMs >= filter.fromMs) &&
    (filter.toMs <= 0 || event.atMs < filter.toMs) &&
    (filter.actor === '' || event.actorId === filter.actor || event.actorName === filter.actor) &&
    (filter.action === '' || action) &&
    (filter.component === '' || event.component === filter.component) &&
    event.level >= filter.minimumLevel &&
    (filter.requestId === '' || event.requestId === filter.requestId) &&
    (filter.nodeId === '' || event.nodeId === filter.nodeId) &&
    (filter.text === '' || searchedText(event).includes(asciiLower(filter.text)))
  );
}
