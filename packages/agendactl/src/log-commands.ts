/** What operators ask about the log and its snapshots. */
import { Command as AgendaCommand, Checkpoint } from '@agenda/proto/agenda/v1/command';
import type { Entry } from '@agenda/proto/raft/v1/entry';
import { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import { type Command, UsageError } from './command.ts';

/** It copies the whole state. */
const SNAPSHOT_DEADLINE_MS = 120_000;
const INSPECT_DEADLINE_MS = 10_000;
const LIMIT_DEFAULT = 20;
const LIMIT_MAX = 1_000;
const PAYLOAD_FLAG = '--payload';

export const snapshot: Command = {
  usage: 'snapshot',
  help: 'take a snapshot of this pod now, and cut its log behind it',
  parameters: { min: 0, max: 0 },
  run: async ({ sidecar }) => {
    const options = { deadlineMs: SNAPSHOT_DEADLINE_MS };
    const { index, term } = await sidecar.client(SidecarService).triggerSnapshot({}, options);
    return `a snapshot at entry ${index} of term ${term} is taken`;
  },
};

export const log: Command = {
  usage: `log inspect [FROM [LIMIT]] [${PAYLOAD_FLAG}]`,
  help: 'the entries of this pod’s log, by default the last ones, and what they hold',
  parameters: { min: 1, max: 4 },
  run: async ({ sidecar }, [action, ...args]) => {
    if (action !== 'inspect') throw new UsageError('say "log inspect"');
    const withPayload = args.includes(PAYLOAD_FLAG);
    const [from, limit = LIMIT_DEFAULT, ...rest] = args.filter((arg) => arg !== PAYLOAD_FLAG).map(count);
    if (rest.length > 0 || limit < 1 || limit > LIMIT_MAX)
      throw new UsageError(`say from which entry, and how many: 1 to ${LIMIT_MAX}`);
    const client = sidecar.client(SidecarService);
    const options = { deadlineMs: INSPECT_DEADLINE_MS };
    const fromIndex = from ?? Math.max(1, (await client.getStatus({}, options)).lastIndex - limit + 1);
    const page = await client.inspectLog({ fromIndex, limit, withPayload }, options);
    const lines = page.entries.map((entry) => lineOf(entry, withPayload));
    return [`the log holds entries ${page.firstIndex} to ${page.lastIndex}`, ...lines].join('\n');
  },
};

function count(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new UsageError(`"${text}" is no count`);
  return Number(text);
}

function lineOf({ index, term, timestampMs, payload }: Entry, withPayload: boolean): string {
  const head = `${String(index).padStart(10)}  term ${term}  ${new Date(timestampMs).toISOString()}`;
  return `${head}  ${describe(payload, withPayload)}`;
}

function describe(payload: Entry['payload'], withPayload: boolean): string {
  switch (payload?.$case) {
    case undefined:
      return 'start of a term';
    case 'configuration': {
      const { voters, votersOutgoing, learners, featureLevel } = payload.value;
      const outgoing = votersOutgoing.length > 0 ? `, outgoing ${votersOutgoing.join(' ')}` : '';
      const learning = learners.length > 0 ? `, learners ${learners.join(' ')}` : '';
      return `configuration: voters ${voters.join(' ')}${outgoing}${learning}, feature level ${featureLevel || 1}`;
    }
    case 'checkpoint':
      return withPayload ? describeCheckpoint(payload.value) : 'checkpoint';
    case 'command':
      return withPayload ? describeCommand(payload.value) : 'command';
  }
}

function describeCheckpoint(bytes: Uint8Array): string {
  const { index, digest } = Checkpoint.decode(bytes);
  return index === 0
    ? 'checkpoint: nothing agreed yet'
    : `checkpoint: at ${index} a majority has ${hex(digest)}`;
}

function describeCommand(bytes: Uint8Array): string {
  const { id, body, actorName, originNode, requestId, featureLevel } = AgendaCommand.decode(bytes);
  const by = actorName === '' ? '' : ` by ${actorName}`;
  return `command ${body?.$case ?? 'unknown'}${by}, id ${hex(id)}, from ${originNode}, request ${requestId}, level ${featureLevel}: ${hex(bytes)}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
