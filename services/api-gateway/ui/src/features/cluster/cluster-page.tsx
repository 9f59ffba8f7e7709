import '../../styles/cluster-page.css';
import { Icon } from '../../components/icon.tsx';
import { Logo } from '../../components/logo.tsx';
import { ClusterFacts } from './cluster-facts.tsx';
import { ClusterMembers } from './cluster-members.tsx';
import { clusterView, type Tone, type Verdict } from './cluster-view.ts';
import { WATCH_EVERY_MS } from './cluster-watch.ts';
import { useClusterWatch } from './use-cluster-watch.ts';

/** The cluster as the pod behind this page sees it, for operators and the curious. It asks for no log-in. */
export default function ClusterPage() {
  const { report, error } = useClusterWatch();
  const view = report === null ? null : clusterView(report);
  return (
    <div className="cluster-page" data-testid="cluster-page">
      <header className="cluster-head">
        <Logo />
        <h1>Cluster</h1>
        <a className="button" href="#agenda">
          Back to the agenda
        </a>
      </header>
      <main className="cluster-main" aria-busy={view === null && error === null}>
        {error !== null && (
          <VerdictCard
            verdict={{
              tone: 'bad',
              title: 'This pod does not answer',
              detail: view === null ? error : `${error} Below is what it said last.`,
            }}
          />
        )}
        {view !== null && (
          <>
            {error === null && <VerdictCard verdict={view.verdict} />}
            {view.alarms.map(({ code, message, since }) => (
              <VerdictCard
                key={code}
                verdict={{
                  tone: 'warning',
                  title: `Alarm: ${code.replaceAll('_', ' ')}`,
                  detail: alarmText(message, since),
                }}
              />
            ))}
            <ClusterFacts view={view} />
            <ClusterMembers view={view} />
          </>
        )}
        <p className="cluster-note">
          Asked every {WATCH_EVERY_MS / 1_000} seconds while this page is visible. The numbers are positions
          in the replicated log: what is committed is stored on a majority and cannot be lost.
        </p>
      </main>
    </div>
  );
}

const ICONS = { good: 'check', warning: 'warning', bad: 'warning' } as const satisfies Record<Tone, string>;

function VerdictCard({ verdict: { tone, title, detail } }: { verdict: Verdict }) {
  return (
    <section className={`verdict verdict-${tone}`} role="status" data-testid="verdict">
      <Icon name={ICONS[tone]} />
      <div>
        <h2>{title}</h2>
        <p>{detail}</p>
      </div>
    </section>
  );
}

function alarmText(message: string, since: string): string {
  return `${message} (since ${new Date(since).toLocaleString()})`;
}
