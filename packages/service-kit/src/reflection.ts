/**
 * gRPC reflection of all our contracts, so that tools like grpcurl need no files. The contracts are loaded when somebody
 * first asks: parsing them costs time at start and memory that most processes never need.
 */
import { EventEmitter } from 'node:events';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type {
  handleBidiStreamingCall,
  Server,
  ServerDuplexStream,
  UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type * as protoLoader from '@grpc/proto-loader';
import type * as reflection from '@grpc/reflection';
import { type AnyMethod, rawDefinition, type ServiceDefinition } from './definition.ts';

const PROTO_ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../../proto');
const METHOD = 'ServerReflectionInfo';
/** Tools ask for the one or the other. */
const SERVICES = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

const require = createRequire(import.meta.url);

interface Loaded {
  readonly method: AnyMethod;
  readonly handler: (call: EventEmitter) => void;
}

export function addReflection(server: Server): void {
  let loaded: Map<string, Loaded> | undefined;
  for (const service of SERVICES) {
    const path = `/${service}/${METHOD}`;
    const method = rawDefinition({ path, requestStream: true, responseStream: true } as AnyMethod);
    const handler: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
      loaded ??= load();
      serve(call, loaded.get(path) as Loaded);
    };
    server.addService({ [METHOD]: method }, { [METHOD]: handler });
  }
}

/** Lets the library register with a server of ours that only remembers what it was given. */
function load(): Map<string, Loaded> {
  const { loadSync } = require('@grpc/proto-loader') as typeof protoLoader;
  const { ReflectionService } = require('@grpc/reflection') as typeof reflection;
  const files = readdirSync(PROTO_ROOT, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.proto') && !file.includes('node_modules'),
  );
  const contracts = loadSync(files, { includeDirs: [PROTO_ROOT], keepCase: true });
  const loaded = new Map<string, Loaded>();
  const remember = (definition: unknown, handlers: UntypedServiceImplementation): void => {
    for (const [name, method] of Object.entries(definition as ServiceDefinition))
      loaded.set(method.path, { method, handler: handlers[name] as unknown as Loaded['handler'] });
  };
  new ReflectionService(contracts).addToServer({ addService: remember });
  return loaded;
}

/** The library sees messages where our server has bytes. */
function serve(call: ServerDuplexStream<Buffer, Buffer>, { method, handler }: Loaded): void {
  const facade = Object.assign(new EventEmitter(), {
    write: (message: unknown) => call.write(method.responseSerialize(message)),
    end: () => call.end(),
  });
  call.on('data', (bytes: Buffer) => facade.emit('data', method.requestDeserialize(bytes)));
  call.on('end', () => facade.emit('end'));
  call.on('error', (error) => facade.emit('error', error));
  facade.on('error', (error) => call.emit('error', error));
  handler(facade);
}
