import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { WebSocketTalk } from "#platform/testing/websocket.ts";
import { callContextKey } from "../calls/call-context.ts";
import { maxFirstMessageBytes } from "./websocket-limits.ts";

let edge: TestEdge;
afterEach(() => edge.close());

/** Opens a WebSocket to a method that tells the headers of its call. */
async function open(): Promise<WebSocketTalk> {
  edge = await openTestEdge((serve) =>
    serve(DeliveryService, {
      async *connect(_, { values }) {
        const headers = Object.fromEntries(values.get(callContextKey)?.requestHeader ?? []);
        yield { frame: { case: "heartbeat", value: { token: JSON.stringify(headers) } } };
      },
    }),
  );
  const headers = { authorization: "Bearer forged", cookie: "a=b", "user-agent": "tests" };
  return await new WebSocketTalk(`${edge.url}/parley.chat.v1.DeliveryService/Connect`, undefined, { headers }).opened();
}

test("its headers become those of the call; those of the handshake and of connections do not", async () => {
  const talk = await open();
  const headers = {
    Authorization: "Bearer marvin",
    "parley-device-id": "d",
    "x-forwarded-for": "192.0.2.7",
    host: "x",
  };
  talk.webSocket.send(JSON.stringify(headers));
  const [told = ""] = await talk.told(1);
  expect(JSON.parse(JSON.parse(told).heartbeat.token)).toEqual({
    host: new URL(edge.url).host,
    "user-agent": "tests",
    "content-type": "application/connect+json",
    authorization: "Bearer marvin",
    "parley-device-id": "d",
  });
});

test.each(["", "null", "[]", '"Bearer marvin"', "{", '{"authorization":1}', "authorization: Bearer marvin"])(
  "%j is refused",
  async (text) => {
    const talk = await open();
    talk.webSocket.send(text);
    expect(await talk.closing).toEqual({ code: 1008, reason: "the first message is no JSON object of strings" });
  },
);

test("bytes are refused", async () => {
  const talk = await open();
  talk.say({ open: {} });
  expect(await talk.closing).toEqual({ code: 1003, reason: "the first message is text" });
});

test("text that is no UTF-8 is refused", async () => {
  const talk = await open();
  talk.webSocket.send(Buffer.from([0xff, 0xfe]), { binary: false });
  expect((await talk.closing).code).toBe(1007);
});

const largest = `{"authorization":"${"x".repeat(maxFirstMessageBytes)}"}`;

test("one that is too large is refused", async () => {
  const talk = await open();
  talk.webSocket.send(largest);
  expect((await talk.closing).code).toBe(1009);
});

test("one that is too large is not gathered", async () => {
  const talk = await open();
  talk.webSocket.send(largest, { fin: false });
  expect((await talk.closing).code).toBe(1009);
});

test("one of the largest size is taken, in fragments too", async () => {
  const talk = await open();
  const text = largest.slice(0, 19) + largest.slice(19 + largest.length - maxFirstMessageBytes + 100);
  talk.webSocket.send(text.slice(0, 100), { fin: false });
  talk.webSocket.send(text.slice(100));
  await talk.told(1);
});
