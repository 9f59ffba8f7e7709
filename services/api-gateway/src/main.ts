import { Lifecycle } from '@agenda/service-kit/lifecycle';
import { createLogger } from '@agenda/service-kit/logger';
import { readConfig } from './config.ts';
import { GatewayContext } from './context.ts';

const config = readConfig();
const logger = createLogger({ component: 'api-gateway', nodeId: config.NODE_ID, level: config.LOG_LEVEL });
const lifecycle = new Lifecycle(logger);
const context = new GatewayContext(config, logger);
for (const part of context.parts()) lifecycle.add(part);
await lifecycle.run();
