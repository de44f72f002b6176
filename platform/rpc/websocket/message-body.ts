import { Readable } from "node:stream";
import type { WebSocket } from "ws";

/**
 * What a client says, as the body of its request: the bytes of its messages, one after the other. While nobody takes
 * them, nothing more is read from the connection.
 */
export class MessageBody extends Readable {
  readonly #socket: WebSocket;

  constructor(socket: WebSocket) {
    super();
    this.#socket = socket;
    socket.pause();
  }

  override _read(): void {
    this.#socket.resume();
  }

  feed(bytes: Buffer): void {
    if (!this.push(bytes)) this.#socket.pause();
  }

  finish(): void {
    this.push(null);
  }

  /** What still comes is of no interest, but the connection must be read for its end to be seen. */
  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.resume();
    done(error);
  }
}
