#!/usr/bin/env node
/** `agendactl`: the operators' command line. */
import { ServiceError } from '@agenda/service-kit/errors';
import { podChannels } from '@agenda/service-kit/grpc-client';
import { createLogger } from '@agenda/service-kit/logger';
import { Signer } from '@agenda/service-kit/signature';
import { UsageError } from './command.ts';
import { COMMANDS } from './commands.ts';
import { readConfig } from './config.ts';
import { RECOVER_USAGE, recover } from './recover.ts';

const EXIT_USAGE = 64;
const EXIT_FAILED = 1;
const NAME = 'agendactl';

function usage(): string {
  const commands = [
    ...Object.values(COMMANDS),
    {
      usage: RECOVER_USAGE,
      help: 'restart a cluster that lost its majority for good, from the disk of this stopped pod',
    },
  ];
  const lines = commands.map((command) => `  ${NAME} ${command.usage.padEnd(40)} ${command.help}`);
  return [
    ...lines,
    '',
    'Asks the pod NODE_ID at SIDECAR_GRPC_ADDR and AGENDA_GRPC_ADDR with CLUSTER_HMAC_SECRET(_FILE); recover reads and',
    'writes DATA_DIR of NODE_ID instead.',
    '',
  ].join('\n');
}

async function main(): Promise<number> {
  const [name = '', ...args] = process.argv.slice(2);
  if (name === 'recover') return recover(args);
  const command = COMMANDS[name];
  if (!command || args.length < command.parameters.min || args.length > command.parameters.max) {
    process.stderr.write(usage());
    return name === 'help' || name === '--help' ? 0 : EXIT_USAGE;
  }
  const config = readConfig();
  const signer = new Signer(NAME, config.CLUSTER_HMAC_SECRET);
  const logger = createLogger({ component: NAME, nodeId: NAME, level: 'silent' });
  const channelTo = podChannels(config.NODE_ID, { signer, logger });
  const agenda = channelTo('agenda', config.AGENDA_GRPC_ADDR);
  const sidecar = channelTo('raft-sidecar', config.SIDECAR_GRPC_ADDR);
  try {
    process.stdout.write(`${await command.run({ agenda, sidecar }, args)}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof ServiceError || error instanceof UsageError)) throw error;
    const unknown =
      error instanceof ServiceError && error.outcomeUnknown ? ' (whether it took effect is unknown)' : '';
    process.stderr.write(`${NAME}: ${error.message}${unknown}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  } finally {
    agenda.close();
    sidecar.close();
  }
}

process.exit(await main());
