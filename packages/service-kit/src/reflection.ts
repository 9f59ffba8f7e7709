/** gRPC reflection of all our contracts, so that tools like grpcurl need no files. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Server } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

const PROTO_ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../proto');

export function addReflection(server: Server): void {
  const files = readdirSync(PROTO_ROOT, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.proto') && !file.includes('node_modules'),
  );
  const contracts = loadSync(files, { includeDirs: [PROTO_ROOT], keepCase: true });
  new ReflectionService(contracts).addToServer(server);
}
