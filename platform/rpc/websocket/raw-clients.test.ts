import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { until } from "#platform/testing/until.ts";
import { WebSocketTalk } from "#platform/testing/websocket.ts";
import { type PortLimits, portLimits } from "../port/port-limits.ts";
import { maxPendingPongs, maxPieces } from "./websocket-limits.ts";

let edge: TestEdge;
afterEach(() => edge.close());

const path = "/parley.chat.v1.DeliveryService/Connect";
const firstMessage = masked(0x81, Buffer.from('{"authorization":"Bearer marvin"}'));

async function open(limits: Partial<PortLimits> = {}): Promise<void> {
  edge = await openTestEdge(
    (serve) =>
      serve(DeliveryService, {
        async *connect(requests) {
          for await (const { command } of requests) {
            yield { frame: { case: "heartbeat", value: { token: command.case ?? "" } } };
          }
        },
      }),
    { portLimits: { ...portLimits, headersMs: 300, ...limits } },
  );
}

/** A frame of a client (RFC 6455, section 5.2), masked with zeros. */
function masked(head: number, data: Buffer, length = data.length): Buffer {
  const lengths = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([head, ...lengths, 0, 0, 0, 0]), data]);
}

/** A WebSocket on which the test writes the bytes. */
class RawClient {
  readonly socket: Socket;
  #heard = Buffer.alloc(0);

  constructor() {
    this.socket = connect({ port: Number(new URL(edge.url).port), host: "127.0.0.1", noDelay: true });
    this.socket.on("error", () => {});
    this.socket.on("data", (chunk) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
    });
    const key = "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==";
    const upgrade = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-protocol: parley.connect+json";
    this.socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\n${upgrade}\r\n${key}\r\n\r\n`);
  }

  async opened(): Promise<this> {
    await until(() => (this.#heard.includes("\r\n\r\n") ? "" : "not open"));
    this.#heard = Buffer.alloc(0);
    return this;
  }

  /** Waits for the server to close; the code it gave, if it gave one. */
  async closed(): Promise<number | undefined> {
    if (!this.socket.closed) await once(this.socket, "close");
    const at = this.#heard.indexOf(0x88);
    return at < 0 ? undefined : this.#heard.readUInt16BE(at + 2);
  }
}

async function isServed(): Promise<void> {
  const talk = await new WebSocketTalk(edge.url + path).opened();
  talk.authorize("marvin").say({ open: {} });
  expect(await talk.told(1)).toEqual(['{"heartbeat":{"token":"open"}}']);
  talk.webSocket.close();
  await talk.closing;
}

test.each([
  ["an unmasked frame", Buffer.from([0x81, 0x00])],
  ["a reserved operation", masked(0x83, Buffer.alloc(1))],
  ["a reserved bit, as of compression that was not agreed on", masked(0xc2, Buffer.alloc(1))],
  ["a fragment of nothing", masked(0x80, Buffer.alloc(1))],
  ["a ping that is too long", masked(0x89, Buffer.alloc(126))],
])("%s closes the WebSocket", async (_, bytes) => {
  await open();
  for (const before of [Buffer.alloc(0), firstMessage]) {
    const client = await new RawClient().opened();
    client.socket.write(Buffer.concat([before, bytes]));
    expect(await client.closed()).toBe(1002);
  }
  await isServed();
});

test("whatever clients send, others are served, and nothing is left of them", async () => {
  await open();
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.uint8Array({ minLength: 1, maxLength: 200 }), async (isKnown, bytes) => {
      const client = await new RawClient().opened();
      client.socket.end(Buffer.concat([isKnown ? firstMessage : Buffer.alloc(0), bytes]));
      await client.closed();
    }),
    { numRuns: 50 },
  );
  await isServed();
  await until(async () =>
    (await edge.metrics.metrics()).includes("parley_websockets 0") ? "" : "some are still open",
  );
});

test("a message that comes in too many pieces closes the WebSocket", async () => {
  await open();
  const client = await new RawClient().opened();
  client.socket.write(firstMessage);
  client.socket.write(masked(0x82, Buffer.alloc(0), 15 * maxPieces));
  for (let count = 0; count < 15 * maxPieces - 1 && !client.socket.closed; count++) {
    client.socket.write("x");
    await nextTurn();
  }
  expect(await client.closed()).toBe(1008);
});

test.each([
  ["pings", 0x89],
  ["pongs that nobody asked for", 0x8a],
])("who floods with %s is cut off, and nobody else", async (_, head) => {
  await open();
  const [client, other] = [await new RawClient().opened(), await new RawClient().opened()];
  const few = Array<Buffer>(maxPendingPongs).fill(masked(head, Buffer.alloc(0)));
  other.socket.write(Buffer.concat([firstMessage, ...few]));
  client.socket.write(firstMessage);
  await until(() => {
    if (!client.socket.closed) client.socket.write(Buffer.concat(few));
    return client.socket.closed ? "" : "it is not cut";
  });
  expect(other.socket.closed).toBe(false);
  await isServed();
});

test("pings of a client that does not read what answers them are not gathered", async () => {
  await open({ controlFramesPerSecond: 100_000 });
  const client = await new RawClient().opened();
  client.socket.pause();
  client.socket.write(firstMessage);
  const many = Buffer.concat(Array<Buffer>(2 * maxPendingPongs).fill(masked(0x89, Buffer.alloc(125))));
  await until(async () => {
    if (!client.socket.destroyed) client.socket.write(many);
    return (await edge.metrics.metrics()).includes("parley_websockets 0") ? "" : "it is still open";
  });
  await isServed();
});

test("who does not answer that the WebSocket closes is cut", async () => {
  await open();
  const client = await new RawClient().opened();
  client.socket.write(masked(0x82, Buffer.alloc(1)));
  expect(await client.closed()).toBe(1003);
});
