import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { type Callers, callersOf } from "../../testing/callers.ts";

/**
 * Somebody who goes on sending, one message after the other. What is not acknowledged is sent again under its id, to
 * wherever the server is by then.
 */
export class Writer {
  /** Acknowledged messages: seq by text. */
  readonly acknowledged = new Map<string, bigint>();
  readonly #token: string;
  readonly #conversationId: string;
  #callers: Callers;
  #ended = false;
  readonly #running: Promise<void>;

  constructor(url: string, token: string, conversationId: string) {
    this.#callers = callersOf(url);
    this.#token = token;
    this.#conversationId = conversationId;
    this.#running = this.#run();
  }

  /** Goes on at another address. */
  moveTo(url: string): void {
    this.#callers = callersOf(url);
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let count = 0; !this.#ended; count++) {
      const text = `under load ${count}`;
      this.acknowledged.set(text, await this.#send(uuidv7(), text));
    }
  }

  async #send(clientId: string, text: string): Promise<bigint> {
    for (;;) {
      try {
        const chat = this.#callers.client(ChatService, { token: this.#token });
        const request = { clientId, conversationId: this.#conversationId, content: { text } };
        return (await chat.sendMessage(request, { timeoutMs: 5_000 })).seq;
      } catch (error) {
        if (this.#ended) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}
