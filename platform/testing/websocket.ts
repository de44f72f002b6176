import { once } from "node:events";
import { endStreamFlag } from "@connectrpc/connect/protocol-connect";
import { type ClientOptions, WebSocket } from "ws";
import { envelop, envelopeBytes } from "#platform/rpc/protocols/envelopes.ts";
import { until } from "./until.ts";

/** How a WebSocket ended. */
export interface Closing {
  readonly code: number;
  readonly reason: string;
}

/** A client that is written by hand: what it is told, message by message. */
export class WebSocketTalk {
  readonly webSocket: WebSocket;
  /** Text messages. */
  readonly texts: string[] = [];
  /** Data of the messages of the call. */
  readonly messages: Buffer[] = [];
  /** Flags of each of them. */
  readonly flags: number[] = [];
  /** What the last message of the call told. */
  ending: { readonly error?: { readonly code: string; readonly details?: readonly { debug?: unknown }[] } } | undefined;
  readonly closing: Promise<Closing>;

  constructor(url: string, subprotocols: string | string[] = "parley.connect+json", options: ClientOptions = {}) {
    this.webSocket = new WebSocket(url.replace("http", "ws"), subprotocols, options);
    this.webSocket.on("error", () => {});
    this.webSocket.on("message", (data: Buffer, isBinary) => {
      if (isBinary) this.#read(data);
      else this.texts.push(data.toString());
    });
    this.closing = new Promise((resolve) => {
      this.webSocket.on("close", (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  async opened(): Promise<this> {
    await once(this.webSocket, "open");
    return this;
  }

  /** The first message. */
  authorize(token: string): this {
    this.webSocket.send(JSON.stringify({ authorization: `Bearer ${token}` }));
    return this;
  }

  say(message: object): this {
    this.webSocket.send(envelop(0, Buffer.from(JSON.stringify(message))));
    return this;
  }

  finish(): this {
    this.webSocket.send(envelop(endStreamFlag, new Uint8Array()));
    return this;
  }

  /** Waits for so many messages and returns them as text. */
  async told(count: number): Promise<string[]> {
    await until(() => (this.messages.length >= count ? "" : `${this.messages.length} of ${count} messages`));
    return this.messages.map(String);
  }

  #read(data: Buffer): void {
    for (let at = 0; at < data.length; ) {
      const end = at + envelopeBytes + data.readUInt32BE(at + 1);
      const body = data.subarray(at + envelopeBytes, end);
      if (data[at] === endStreamFlag) this.ending = JSON.parse(body.toString());
      else {
        this.messages.push(body);
        this.flags.push(data[at] ?? 0);
      }
      at = end;
    }
  }
}

/** The status and text with which a request for a WebSocket is refused; 101 where it is not. */
export function refusalOf(
  url: string,
  subprotocol: string | string[],
  headers: Record<string, string> = {},
): Promise<[number, string]> {
  const webSocket = new WebSocket(url.replace("http", "ws"), subprotocol, { headers });
  return new Promise((resolve, reject) => {
    webSocket.on("error", reject);
    webSocket.on("open", () => {
      webSocket.terminate();
      resolve([101, ""]);
    });
    webSocket.on("unexpected-response", async (_, response) => {
      resolve([
        response.statusCode ?? 0,
        Buffer.concat(await response.toArray())
          .toString()
          .trim(),
      ]);
    });
  });
}
