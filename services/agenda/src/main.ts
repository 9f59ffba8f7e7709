import { Lifecycle } from '@agenda/service-kit/lifecycle';
import { createLogger } from '@agenda/service-kit/logger';
import { readConfig } from './config.ts';
import { AgendaContext } from './context.ts';

const config = readConfig();
const logger = createLogger({ component: 'agenda', nodeId: config.NODE_ID, level: config.LOG_LEVEL });
const lifecycle = new Lifecycle(logger);
const context = new AgendaContext(config, logger);
for (const part of context.parts()) lifecycle.add(part);
await lifecycle.run();
