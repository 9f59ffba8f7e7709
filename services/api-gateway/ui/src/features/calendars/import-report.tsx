import { Icon, type IconName } from '../../components/icon.tsx';
import type { ReadableReport, ReportLine } from './calendar-file.ts';

/** What became of each component, what needs attention first. */
export function ImportReportView({ report }: { report: ReadableReport }) {
  const { skipped, remarked, taken } = report;
  return (
    <section className="report" aria-live="polite" data-testid="import-report">
      <p className="report-sum">
        <strong>{taken.length + remarked.length} taken</strong>, {skipped.length} skipped
      </p>
      <Lines icon="warning" title="Skipped" lines={skipped} testId="import-skipped" />
      <Lines icon="info" title="Taken, but not all of it" lines={remarked} testId="import-remarked" />
      {taken.length > 0 && (
        <details className="report-part">
          <summary>
            <Icon name="check" />
            Taken ({taken.length})
          </summary>
          <ReportLines lines={taken} />
        </details>
      )}
    </section>
  );
}

interface LinesProps {
  readonly icon: IconName;
  readonly title: string;
  readonly lines: readonly ReportLine[];
  readonly testId: string;
}

function Lines({ icon, title, lines, testId }: LinesProps) {
  if (lines.length === 0) return null;
  return (
    <div className={`report-part report-${icon}`} data-testid={testId}>
      <h3>
        <Icon name={icon} />
        {title} ({lines.length})
      </h3>
      <ReportLines lines={lines} />
    </div>
  );
}

function ReportLines({ lines }: { lines: readonly ReportLine[] }) {
  return (
    <ul className="report-lines">
      {lines.map(({ number, name, said }) => (
        <li key={number}>
          <strong>{name}</strong>
          {said !== '' && <span>{said}</span>}
        </li>
      ))}
    </ul>
  );
}
