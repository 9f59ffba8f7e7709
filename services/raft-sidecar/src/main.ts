import { Lifecycle } from '@agenda/service-kit/lifecycle';
import { createLogger } from '@agenda/service-kit/logger';
import { readConfig } from './config.ts';
import { SidecarContext } from './context.ts';
import { LAST_WORD_MS, sayLastWord } from './last-word.ts';

const EXIT_FATAL = 70;
const LAST_WORD_GRACE_MS = 1_000;

const config = readConfig();
const logger = createLogger({ component: 'raft-sidecar', nodeId: config.NODE_ID, level: config.LOG_LEVEL });
const lifecycle = new Lifecycle(logger);
let failure: Error | undefined;
lifecycle.add({
  name: 'last word',
  stop: () => failure && sayLastWord(config, failure, logger),
  stopMs: LAST_WORD_MS + LAST_WORD_GRACE_MS,
});
try {
  const context = new SidecarContext(config, logger, (error) => {
    failure = error;
    void lifecycle.shutdown(EXIT_FATAL);
  });
  for (const part of context.parts()) lifecycle.add(part);
} catch (error) {
  const { message } = error as Error;
  logger.fatal({ err: error }, `cannot start: ${message}`);
  await sayLastWord(config, error as Error, logger);
  process.exit(EXIT_FATAL);
}
await lifecycle.run();
