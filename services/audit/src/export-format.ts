/** Records as lines of text. */
import { type AuditRecord, ExportRequest_Format, Level } from '@agenda/proto/audit/v1/audit';

const COLUMNS = [
  'sequence',
  'at',
  'level',
  'component',
  'node',
  'actorId',
  'actorName',
  'action',
  'target',
  'outcome',
  'requestId',
  'address',
  'detail',
  'logIndex',
  'previousHash',
  'hash',
] as const;

type Line = Record<(typeof COLUMNS)[number], string | number>;

export function exportHeader(format: ExportRequest_Format): string {
  return format === ExportRequest_Format.FORMAT_CSV ? `${COLUMNS.join(',')}\r\n` : '';
}

export function exportLine(record: AuditRecord, format: ExportRequest_Format): string {
  const line = lineOf(record);
  if (format === ExportRequest_Format.FORMAT_JSON_LINES) return `${JSON.stringify(line)}\n`;
  return `${COLUMNS.map((column) => csvField(String(line[column]))).join(',')}\r\n`;
}

function lineOf({ sequence, event, previousHash, hash, logIndex }: AuditRecord): Line {
  return {
    sequence,
    at: instant(event?.atMs ?? 0),
    level: LEVEL_NAMES[event?.level ?? Level.LEVEL_UNSPECIFIED] ?? 'info',
    component: event?.component ?? '',
    node: event?.nodeId ?? '',
    actorId: event?.actorId ?? '',
    actorName: event?.actorName ?? '',
    action: event?.action ?? '',
    target: event?.target ?? '',
    outcome: event?.outcome ?? '',
    requestId: event?.requestId ?? '',
    address: event?.address ?? '',
    detail: event?.detailJson ?? '',
    logIndex,
    previousHash: Buffer.from(previousHash).toString('hex'),
    hash: Buffer.from(hash).toString('hex'),
  };
}

/** An event of another node may say anything. */
function instant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

const LEVEL_NAMES: Partial<Record<Level, string>> = {
  [Level.LEVEL_INFO]: 'info',
  [Level.LEVEL_WARNING]: 'warning',
  [Level.LEVEL_ALARM]: 'alarm',
};

/** RFC 4180; a leading character that spreadsheets take for a formula is disarmed. */
function csvField(text: string): string {
  const disarmed = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(disarmed) ? `"${disarmed.replaceAll('"', '""')}"` : disarmed;
}
