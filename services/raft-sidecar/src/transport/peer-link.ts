/** What goes to one peer: its stream of Raft messages, and the calls a follower makes to its leader. */
import { AuditServiceService } from '@agenda/proto/audit/v1/audit';
import { type MessageAck, type MessageBatch, type Opening, PeerService } from '@agenda/proto/raft/v1/peer';
import { SidecarService } from '@agenda/proto/raft/v1/sidecar';
import type { HostPort } from '@agenda/service-kit/environment';
import { ServiceError } from '@agenda/service-kit/errors';
import type { GrpcChannel, UnaryClient } from '@agenda/service-kit/grpc-client';
import type { Logger } from '@agenda/service-kit/logger';
import type { MessageStream } from '@agenda/service-kit/message-stream';
import type { MemberId, Message } from '../core/types.ts';
import { parseAddress } from './addresses.ts';
import { cutBatches, messageBytes } from './batches.ts';
import { messageToWire } from './conversions.ts';

/** Held back while the stream is full. At the bound messages are dropped and the core is told: it probes again. */
const HELD_BYTES_MAX = 4 * 1024 * 1024;
const BACK_OFF_MIN_MS = 50;
const BACK_OFF_MAX_MS = 500;
/** What takes a connection and then says nothing (half a process, half a network) is left, or it would be waited for for ever. */
const OPEN_MS_MAX = 2_000;
/** A stream that lasts for so long is a connection; one that is accepted and refused at once is none. */
const STANDS_AFTER_MS = 1_000;
const EMPTY = new Uint8Array(0);

export interface PeerLinkOptions {
  readonly to: MemberId;
  readonly clusterId: () => string;
  /** Who speaks: goes ahead of the first messages of each stream. */
  readonly opening: () => Opening;
  /** Looked up at each connect: addresses change. Undefined: not known at the moment. */
  readonly address: () => string | undefined;
  readonly channelTo: (address: HostPort) => GrpcChannel;
  readonly logger: Logger;
  /** Messages may have been lost. */
  readonly onUnreachable: () => void;
}

export interface PeerCalls {
  readonly channel: GrpcChannel;
  /** In batches. */
  readonly peer: UnaryClient<typeof PeerService>;
  /** What tools ask of the leader through any node. */
  readonly sidecar: UnaryClient<typeof SidecarService>;
  /** The trail of its pod. */
  readonly audit: UnaryClient<typeof AuditServiceService>;
}

type OutgoingStream = MessageStream<MessageBatch, MessageAck>;

export class PeerLink {
  readonly #options: PeerLinkOptions;
  #channel: GrpcChannel | undefined;
  #stream: OutgoingStream | undefined;
  #calls: PeerCalls | undefined;
  #held: Message[] = [];
  #heldBytes = 0;
  #blocked = false;
  #openingDue = false;
  /** Of what is open; empty: nothing is. */
  #address = '';
  #connectAtMs = 0;
  #backOffMs = BACK_OFF_MIN_MS;
  /** Why the stream was lost; empty while it stands, and before the first try. */
  #failure = '';
  /** Said in the log; empty: that it is connected. */
  #told = '';
  /** Until the stream is open; then, until it counts as a connection. */
  #patience: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
  }

  /** Best effort, in order. */
  send(messages: readonly Message[]): void {
    const stream = this.#stream ?? this.#connect();
    if (!stream) return;
    if (this.#blocked) this.#hold(messages);
    else this.#write(stream, messages);
  }

  /**
   * Calls to this peer, over a connection of their own: they must not wait behind log entries.
   *
   * @throws ServiceError `unavailable`, nothing sent, if no address is known or the stream of messages is lost: a
   * caller does better to look for another leader than to wait for this one.
   */
  calls(): PeerCalls {
    if (this.#calls) return this.#calls;
    if (!this.#stream) this.#connect();
    if (this.#failure !== '')
      throw new ServiceError('unavailable', `${this.#options.to} is lost: ${this.#failure}`, {
        nothingDone: true,
      });
    const address = this.#options.address();
    if (this.#closed || address === undefined)
      throw new ServiceError('unavailable', `no address of ${this.#options.to} is known`, {
        nothingDone: true,
      });
    this.#address ||= address;
    const channel = this.#options.channelTo(parseAddress(address));
    this.#calls = {
      channel,
      peer: channel.carried(PeerService),
      sidecar: channel.client(SidecarService),
      audit: channel.client(AuditServiceService),
    };
    return this.#calls;
  }

  /** The member is somewhere else now: what still goes to the old address is lost. */
  moved(): void {
    if (this.#address === '' || this.#address === this.#options.address()) return;
    this.#disconnect();
    this.#connectAtMs = 0;
    this.#backOffMs = BACK_OFF_MIN_MS;
    this.#options.onUnreachable();
  }

  close(): void {
    this.#closed = true;
    this.#disconnect();
  }

  /** A new channel each time: it looks the address up anew and knows no back-off of its own. */
  #connect(): OutgoingStream | undefined {
    if (this.#closed || performance.now() < this.#connectAtMs) return undefined;
    const address = this.#options.address();
    if (address === undefined) return undefined;
    this.#address = address;
    this.#openingDue = true;
    this.#channel = this.#options.channelTo(parseAddress(address));
    const stream = this.#channel.bidiStream(PeerService, 'messages', () => this.#opened(address));
    this.#stream = stream;
    this.#patience = setTimeout(() => this.#lost(address, `no answer within ${OPEN_MS_MAX} ms`), OPEN_MS_MAX);
    // Nothing is said on it, but without a reader its end would not be seen.
    stream.onMessage(() => {});
    stream.onEnd((error) => {
      if (this.#stream === stream) this.#lost(address, error?.message ?? 'the peer ended the stream');
    });
    return stream;
  }

  #opened(address: string): void {
    this.#failure = '';
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => {
      this.#backOffMs = BACK_OFF_MIN_MS;
      this.#told = '';
      this.#options.logger.info({ peer: this.#options.to, address }, 'connected to a peer');
    }, STANDS_AFTER_MS);
  }

  #lost(address: string, reason: string): void {
    this.#disconnect();
    this.#connectAtMs = performance.now() + this.#backOffMs;
    this.#backOffMs = Math.min(2 * this.#backOffMs, BACK_OFF_MAX_MS);
    this.#failure = reason;
    if (this.#told !== reason) {
      this.#told = reason;
      this.#options.logger.warn({ peer: this.#options.to, address, reason }, 'a peer cannot be reached');
    }
    this.#options.onUnreachable();
  }

  /** What is under way to a peer that does not answer any more is better tried anew elsewhere. */
  #disconnect(): void {
    const channels = [this.#channel, this.#calls?.channel];
    clearTimeout(this.#patience);
    this.#stream = undefined;
    this.#channel = undefined;
    this.#calls = undefined;
    this.#held = [];
    this.#heldBytes = 0;
    this.#blocked = false;
    this.#address = '';
    for (const channel of channels) channel?.close();
  }

  #write(stream: OutgoingStream, messages: readonly Message[]): void {
    const clusterId = this.#options.clusterId();
    let taken = true;
    for (const batch of cutBatches(messages)) {
      const opening = this.#openingDue ? this.#options.opening() : undefined;
      this.#openingDue = false;
      taken = stream.write({ messages: batch.map(messageToWire), clusterId, opening, mac: EMPTY });
    }
    if (taken || this.#stream !== stream) return;
    this.#blocked = true;
    stream.drained().then(() => this.#drained(stream));
  }

  #drained(stream: OutgoingStream): void {
    if (this.#stream !== stream) return;
    this.#blocked = false;
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    if (held.length > 0) this.#write(stream, held);
  }

  #hold(messages: readonly Message[]): void {
    for (const message of messages) {
      const bytes = messageBytes(message);
      if (this.#heldBytes + bytes > HELD_BYTES_MAX) {
        this.#options.onUnreachable();
        return;
      }
      this.#held.push(message);
      this.#heldBytes += bytes;
    }
  }
}
