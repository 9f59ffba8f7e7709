import { LOCALE } from '../../locale.ts';
import { CLUSTER_HASH } from '../../location-hash.ts';
import type { ClusterView, MemberRow } from './cluster-view.ts';

const COUNT = new Intl.NumberFormat(LOCALE);
const UNKNOWN = '–';
const VOTES = { voter: 'voter', learner: 'learner', none: 'not a member' } as const;
const COLUMNS = ['Node', 'Alive', 'Role', 'Votes', 'Term', 'Committed', 'Applied', 'Lag'] as const;

/** One row for each member and each node that is known; on a phone, one card. */
export function ClusterMembers({ view }: { view: ClusterView }) {
  return (
    <div className="members">
      <table data-testid="cluster-members">
        <caption className="visually-hidden">Members of the cluster, as {view.servedBy} sees them</caption>
        <thead>
          <tr>
            {COLUMNS.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {view.members.map((member) => (
            <MemberLine key={member.memberId} member={member} exact={member.isSelf || view.leads} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function MemberLine({ member, exact }: { member: MemberRow; exact: boolean }) {
  const cells = [
    ['Alive', <Alive key="alive" member={member} />],
    ['Role', member.role ?? UNKNOWN],
    ['Votes', VOTES[member.membership]],
    ['Term', count(member.term)],
    ['Committed', count(member.commitIndex)],
    ['Applied', count(member.lastApplied)],
    [
      'Lag',
      member.catchingUp ? 'gets a snapshot' : `${exact || !member.lag ? '' : '≈ '}${count(member.lag)}`,
    ],
  ] as const;
  return (
    <tr className={member.alive ? '' : 'member-silent'} data-testid={`member-${member.nodeId}`}>
      <th scope="row">
        <NodeName member={member} />
      </th>
      {cells.map(([column, value]) => (
        <td key={column} data-column={column}>
          {value}
        </td>
      ))}
    </tr>
  );
}

/** Its own page, where it can be reached from here, shows the cluster as it sees it. */
function NodeName({ member }: { member: MemberRow }) {
  const { nodeId, instance, isSelf, httpAddress } = member;
  const page = httpAddress === null ? null : `${location.protocol}//${httpAddress}/ui/${CLUSTER_HASH}`;
  return (
    <span className="member-name">
      {isSelf || page === null ? <strong>{nodeId}</strong> : <a href={page}>{nodeId}</a>}
      {isSelf && <span className="member-self">this pod</span>}
      <span className="member-address" title={instance === '' ? undefined : `instance ${instance}`}>
        {member.address ?? 'address unknown'}
      </span>
    </span>
  );
}

function Alive({ member: { isSelf, alive, heardMsAgo } }: { member: MemberRow }) {
  return (
    <span className="member-alive">
      <span
        className={alive ? 'connection-dot connection-live' : 'connection-dot connection-dead'}
        aria-hidden="true"
      />
      {isSelf
        ? 'answers'
        : alive
          ? 'heard'
          : heardMsAgo === null
            ? 'not heard for minutes'
            : `silent for ${seconds(heardMsAgo)}`}
    </span>
  );
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1_000)} s`;
}

function count(value: number | null): string {
  return value === null ? UNKNOWN : COUNT.format(value);
}
