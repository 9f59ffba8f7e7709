/** The other end of a stream of the agenda, which always keeps up. */
import type { InboundStream, OutboundStream } from '@agenda/service-kit/message-stream';

export class Sink<Message extends { readonly upToIndex: number }, Request = never> {
  readonly messages: Message[] = [];
  readonly #closing = new AbortController();
  #onMessage: ((request: Request) => void) | undefined;
  #onEnd: (() => void) | undefined;
  #watcher: (() => void) | undefined;

  readonly stream: OutboundStream<Message> & Pick<InboundStream<Request>, 'onMessage' | 'onEnd'> = {
    write: (message) => {
      this.messages.push(message);
      this.#watcher?.();
      return true;
    },
    drained: () => Promise.resolve(),
    end: () => undefined,
    closed: this.#closing.signal,
    queuedBytes: 0,
    onMessage: (callback) => {
      this.#onMessage = callback;
    },
    onEnd: (callback) => {
      this.#onEnd = callback;
    },
  };

  send(request: Request): void {
    this.#onMessage?.(request);
  }

  /** Everything up to there has been told. */
  reach(index: number): Promise<void> {
    return new Promise((resolve) => {
      this.#watcher = () => {
        if ((this.messages.at(-1)?.upToIndex ?? -1) >= index) resolve();
      };
      this.#watcher();
    });
  }

  close(): void {
    this.#closing.abort();
    this.#onEnd?.();
  }
}
