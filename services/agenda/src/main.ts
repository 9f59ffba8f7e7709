import { Lifecycle } from '@agenda/service-kit/lifecycle';
import { createLogger } from '@agenda/service-kit/logger';
import { readConfig } from './config.ts';
import { AgendaContext } from './context.ts';

const EXIT_CANNOT_START = 70;
/** The supervisor starts it again, at growing intervals: by then there may be room on the disk. */
const EXIT_DISK_FAILED = 70;

const config = readConfig();
const logger = createLogger({ component: 'agenda', nodeId: config.NODE_ID, level: config.LOG_LEVEL });
const lifecycle = new Lifecycle(logger);
try {
  const onDiskFailure = (): void => void lifecycle.shutdown(EXIT_DISK_FAILED);
  for (const part of new AgendaContext(config, logger, onDiskFailure).parts()) lifecycle.add(part);
} catch (error) {
  logger.fatal({ err: error }, `cannot open the agenda: ${(error as Error).message}`);
  process.exit(EXIT_CANNOT_START);
}
await lifecycle.run();
