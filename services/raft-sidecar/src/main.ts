import { Lifecycle } from '@agenda/service-kit/lifecycle';
import { createLogger } from '@agenda/service-kit/logger';
import { readConfig } from './config.ts';
import { SidecarContext } from './context.ts';

const EXIT_FATAL = 70;

const config = readConfig();
const logger = createLogger({ component: 'raft-sidecar', nodeId: config.NODE_ID, level: config.LOG_LEVEL });
const lifecycle = new Lifecycle(logger);
try {
  const context = new SidecarContext(config, logger, () => void lifecycle.shutdown(EXIT_FATAL));
  for (const part of context.parts()) lifecycle.add(part);
} catch (error) {
  logger.fatal({ err: error }, `cannot start: ${(error as Error).message}`);
  process.exit(EXIT_FATAL);
}
await lifecycle.run();
