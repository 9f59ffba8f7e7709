/** What another machine makes of a log: entries as JSON come in, all rows and digests go out. Run by itself. */
import { text } from 'node:stream/consumers';
import type { LogEntry } from '../machine.ts';
import { dump, TestLog } from '../testing.ts';
import type { CarriedEntry } from './carried-log.ts';

const carried: readonly CarriedEntry[] = JSON.parse(await text(process.stdin));
const log = new TestLog();
for (const entry of carried) {
  const read: LogEntry = { ...entry, command: Buffer.from(entry.command, 'base64') };
  log.machine.applyBatch([read]);
}
process.stdout.write(dump(log.db));
