/**
 * A node that cannot go on tells why for a while before its process ends: in its status, and so as an alarm in
 * `/raft/health` and `/metrics` of its pod. It says nothing to its peers any more, and nothing is asked of it but that.
 */
import { SidecarService, Status } from '@agenda/proto/raft/v1/sidecar';
import { GrpcServer } from '@agenda/service-kit/grpc-server';
import type { Logger } from '@agenda/service-kit/logger';
import type { Config } from './config.ts';
import type { AlarmCode } from './runtime/alarms.ts';
import { DiskError, diskErrorOf } from './storage/disk-error.ts';
import { CorruptLogError } from './storage/entry-row.ts';
import { verifierOf } from './transport/signed-calls.ts';

/** With what the supervisor rests in between, most of the time is told of, and its bound of restarts is not reached. */
export const LAST_WORD_MS = 10_000;

/** Ends when its time has passed, or the parent is gone. Never rejects. */
export async function sayLastWord(config: Config, error: Error, logger: Logger): Promise<void> {
  const server = new GrpcServer({
    verifier: verifierOf(config),
    logger,
  });
  const alarm = { code: alarmCodeOf(error), message: error.message, sinceMs: Date.now() };
  const status = Status.fromPartial({ nodeId: config.NODE_ID, alarms: [alarm] });
  server.addService(SidecarService, { getStatus: () => status });
  try {
    await server.listen(config.SIDECAR_GRPC_ADDR);
  } catch (error) {
    // Another task of this node may have the address, and answers there.
    logger.warn({ err: error }, 'why this node stops cannot be asked');
    return;
  }
  await timeOrParentGone();
  await server.close(0);
}

function timeOrParentGone(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, LAST_WORD_MS);
    process.once('disconnect', () => resolve());
    // It may have gone before anybody listened.
    if (process.send && !process.connected) resolve();
  });
}

function alarmCodeOf(error: Error): AlarmCode {
  const told = diskErrorOf('raft.db', error);
  if (told instanceof DiskError) return told.alarm;
  return error instanceof CorruptLogError ? 'log_corrupt' : 'node_failed';
}
