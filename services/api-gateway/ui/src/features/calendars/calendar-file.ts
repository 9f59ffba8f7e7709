/** Of a calendar file only what names its components to people; what it means, the server reads. Pure. */

import type { ImportedComponent, ImportReport } from '../../api/calendars-api.ts';

/** The same as the server's. */
export const FILE_BYTES_MAX = 1_048_576;

export interface FileComponent {
  /** `VEVENT` */
  readonly kind: string;
  readonly uid: string | null;
  /** What it is called; empty where the file gives it no name. */
  readonly summary: string;
}

/** The outermost components of the calendar without its time zones, in the order of the file (RFC 5545 §3.4). */
export function componentsOf(text: string): FileComponent[] {
  const components: FileComponent[] = [];
  const open: string[] = [];
  let current = { kind: '', uid: null as string | null, summary: '' };
  // RFC 5545 §3.1: a line break and one blank mean that the line goes on.
  for (const line of text.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)) {
    const [, name = '', value = ''] = /^([A-Za-z0-9-]+)(?:;(?:[^":]|"[^"]*")*)?:(.*)$/.exec(line) ?? [];
    switch (name.toUpperCase()) {
      case 'BEGIN':
        open.push(value.trim().toUpperCase());
        if (open.length === 2) current = { kind: open[1] ?? '', uid: null, summary: '' };
        break;
      case 'END':
        if (open.length === 2 && current.kind !== 'VTIMEZONE') components.push(current);
        open.pop();
        break;
      case 'UID':
        if (open.length === 2) current = { ...current, uid: value.trim() || null };
        break;
      case 'SUMMARY':
        if (open.length === 2) current = { ...current, summary: unescaped(value).trim() };
    }
  }
  return components;
}

/** RFC 5545 §3.3.11. */
function unescaped(value: string): string {
  return value.replace(/\\([\\;,nN])/g, (_, character: string) => (/n/i.test(character) ? ' ' : character));
}

export interface ReportLine {
  /** Its place in the file. */
  readonly number: number;
  readonly name: string;
  /** A sentence; empty: there is nothing to say. */
  readonly said: string;
}

export interface ReadableReport {
  readonly skipped: readonly ReportLine[];
  /** Taken, but not all of it. */
  readonly remarked: readonly ReportLine[];
  readonly taken: readonly ReportLine[];
}

/** The server's report, with the names that the file gives: its own has no more than UIDs. */
export function readableReport(report: ImportReport, file: readonly FileComponent[]): ReadableReport {
  const lines = report.components.map((component, index) => ({
    component,
    line: {
      number: index + 1,
      name: nameOf(component, index, report, file),
      said: sentence(component.reason),
    },
  }));
  const of = (wanted: (component: ImportedComponent) => boolean) =>
    lines.filter(({ component }) => wanted(component)).map(({ line }) => line);
  return {
    skipped: of(({ appointmentId }) => appointmentId === null),
    remarked: of(({ appointmentId, reason }) => appointmentId !== null && reason !== null),
    taken: of(({ appointmentId, reason }) => appointmentId !== null && reason === null),
  };
}

function nameOf(
  { uid }: ImportedComponent,
  index: number,
  { components }: ImportReport,
  file: readonly FileComponent[],
): string {
  const sameOrder = file.length === components.length;
  const found = sameOrder ? file[index] : file.find((candidate) => uid !== null && candidate.uid === uid);
  return found?.summary || `Number ${index + 1} in the file`;
}

function sentence(reason: string | null): string {
  if (reason === null) return '';
  const text = reason.charAt(0).toUpperCase() + reason.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
