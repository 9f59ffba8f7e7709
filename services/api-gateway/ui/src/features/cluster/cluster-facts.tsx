import { LOCALE } from '../../locale.ts';
import type { ClusterView } from './cluster-view.ts';

const COUNT = new Intl.NumberFormat(LOCALE);
const KIBIBYTE = 1_024;
const MEBIBYTE = 1_048_576;

/** What holds for all members, as this pod knows it. */
export function ClusterFacts({ view }: { view: ClusterView }) {
  const facts = [
    ['Leader', view.leader ?? 'none'],
    ['Term', COUNT.format(view.term)],
    ['Committed', COUNT.format(view.commitIndex)],
    ['Applied here', COUNT.format(view.lastApplied)],
    ['Snapshot at', view.snapshotIndex === 0 ? 'none yet' : COUNT.format(view.snapshotIndex)],
    ['Log', size(view.logBytes)],
  ] as const;
  return (
    <dl className="facts" data-testid="cluster-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function size(bytes: number): string {
  if (bytes < MEBIBYTE) return `${Math.ceil(bytes / KIBIBYTE)} KiB`;
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
