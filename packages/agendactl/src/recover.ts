/** `agendactl recover`: works on the disk of a pod that does not run, so nobody is asked. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Of the sidecar: only it knows its log. */
const RECOVERY = fileURLToPath(
  new URL('../../../services/raft-sidecar/src/recovery/main.ts', import.meta.url),
);

export const RECOVER_USAGE = 'recover [--accept-loss-of=NODES]';

/** In this process's environment. @returns the exit code. @throws Error if it cannot be started. */
export function recover(args: readonly string[]): number {
  const { status, error } = spawnSync(process.execPath, [RECOVERY, ...args], { stdio: 'inherit' });
  if (error) throw error;
  return status ?? 1;
}
