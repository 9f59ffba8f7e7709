import type { LiveStatus } from '../../api/live.ts';
import { CLUSTER_HASH } from '../../location-hash.ts';
import { useAgenda, useStore } from '../../use-agenda.ts';
import type { ClusterState } from './cluster-store.ts';

const STATUS_TEXT: Record<LiveStatus, string> = {
  stopped: 'Connected',
  connecting: 'Connecting…',
  live: 'Live',
  offline: 'Reconnecting…',
};

/** One quiet line: the state of the connection and which pod serves this page. */
export function ConnectionFooter({ timeZone }: { timeZone?: string }) {
  const { live, cluster } = useAgenda();
  const status = useStore(live.status);
  const pod = useStore(cluster.state);
  const shown = status === 'stopped' && !pod.reachable ? 'offline' : status;
  return (
    <footer className="connection" data-testid="connection">
      <span
        className={`connection-dot connection-${shown === 'stopped' ? 'live' : shown}`}
        aria-hidden="true"
      />
      <span data-testid="connection-status">{STATUS_TEXT[shown]}</span>
      <a href={CLUSTER_HASH} className="connection-cluster" data-testid="served-by">
        {pod.node === null ? 'Cluster' : servedBy(pod)}
      </a>
      {timeZone !== undefined && <span className="connection-zone">{timeZone.replaceAll('_', ' ')}</span>}
    </footer>
  );
}

function servedBy(pod: ClusterState): string {
  const verb = pod.reachable ? 'Served by' : 'Last served by';
  const role = pod.role === null || !pod.reachable ? '' : `, ${pod.role}`;
  const leader = pod.leader === null ? 'no leader known' : `leader ${pod.leader}`;
  const aside = pod.leader === pod.node || !pod.reachable ? '' : ` · ${leader}`;
  return `${verb} ${pod.node}${role}${aside}`;
}
