/** The agenda as the audit service sees it: a log of one node, over real gRPC. */
import { AgendaServiceService, type AuditBatch, type AuditEntry } from '@agenda/proto/agenda/v1/agenda';
import type { AuditEvent } from '@agenda/proto/audit/v1/audit';
import type { ServiceError } from '@agenda/service-kit/errors';
import { GrpcServer, type OutboundStream } from '@agenda/service-kit/grpc-server';
import { createLogger } from '@agenda/service-kit/logger';
import { receiverOf } from '@agenda/service-kit/nonces';
import { Verifier } from '@agenda/service-kit/signature';

const MAC_COMES_LATER = new Uint8Array(0);

export class ScriptedAgenda {
  readonly entries: AuditEntry[] = [];
  /** The command ids that came, repeats too, in hex, and how many events each had. */
  readonly submissions: { readonly commandId: string; readonly tool: string; readonly events: number }[] = [];
  readonly feedRequests: number[] = [];
  /** What the next calls are refused with. */
  refuseCommands: ServiceError | undefined;
  refuseFeed: ServiceError | undefined;
  /** Told to whoever has not compared its trail yet. */
  resetUpTo: number | undefined;
  /** False: commands are taken, but what they bring does not come out of the feed yet. */
  feeding = true;
  #watchers: (() => void)[] = [];
  readonly #taken = new Set<string>();
  readonly #streams = new Set<OutboundStream<AuditBatch>>();
  readonly #server: GrpcServer;
  port = 0;

  constructor(secret: string) {
    const logger = createLogger({ component: 'audit', nodeId: 'agenda-1', level: 'silent' });
    this.#server = new GrpcServer({
      verifier: new Verifier(receiverOf('agenda-1', 'agenda'), [secret]),
      logger,
    });
    this.#server.addService(AgendaServiceService, {
      recordNodeEvents: ({ context, events }) => {
        const commandId = Buffer.from(context?.commandId ?? []).toString('hex');
        const tool = context?.caller?.tool ?? '';
        this.submissions.push({ commandId, tool, events: events.length });
        this.#notify();
        if (this.refuseCommands) throw this.refuseCommands;
        if (!this.#taken.has(commandId)) this.append(...events);
        this.#taken.add(commandId);
        return { index: this.entries.length };
      },
      auditFeed: async ({ fromIndex, compared }, stream) => {
        this.feedRequests.push(fromIndex);
        this.#notify();
        if (this.refuseFeed) throw this.refuseFeed;
        if (compared) this.resetUpTo = undefined;
        if (this.resetUpTo !== undefined) {
          stream.write({ entries: [], upToIndex: this.resetUpTo, reset: true, mac: MAC_COMES_LATER });
          return;
        }
        this.#streams.add(stream);
        this.#send(stream, this.entries.slice(fromIndex));
        await new Promise((resolve) => stream.closed.addEventListener('abort', resolve));
        this.#streams.delete(stream);
      },
    });
  }

  async listen(): Promise<void> {
    this.port = await this.#server.listen({ host: '127.0.0.1', port: this.port });
  }

  close(): Promise<void> {
    return this.#server.close(0);
  }

  /** One more entry of the log. */
  append(...events: AuditEvent[]): void {
    const entry = { logIndex: this.entries.length + 1, events };
    this.entries.push(entry);
    if (this.feeding) for (const stream of this.#streams) this.#send(stream, [entry]);
  }

  /** Ends every stream of the feed, in good order. */
  endFeeds(): void {
    for (const stream of this.#streams) stream.end();
  }

  /** Resolves when the audit service has called so that the condition holds. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (condition()) resolve();
        else this.#watchers.push(check);
      };
      check();
    });
  }

  #send(stream: OutboundStream<AuditBatch>, entries: AuditEntry[]): void {
    if (!this.feeding || entries.length === 0) return;
    stream.write({ entries, upToIndex: entries.at(-1)?.logIndex ?? 0, reset: false, mac: MAC_COMES_LATER });
  }

  #notify(): void {
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}
