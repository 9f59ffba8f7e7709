import { Lifecycle } from '@agenda/service-kit/lifecycle';
import { createLogger } from '@agenda/service-kit/logger';
import { readConfig } from './config.ts';
import { AuditContext } from './context.ts';

const EXIT_CANNOT_START = 70;

const config = readConfig();
const logger = createLogger({ component: 'audit', nodeId: config.NODE_ID, level: config.LOG_LEVEL });
const lifecycle = new Lifecycle(logger);
try {
  for (const part of new AuditContext(config, logger).parts()) lifecycle.add(part);
} catch (error) {
  logger.fatal({ err: error }, `cannot open the audit trail: ${(error as Error).message}`);
  process.exit(EXIT_CANNOT_START);
}
await lifecycle.run();
