import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { openTestPair, type TestPair } from "#platform/testing/peers.ts";
import { WebSocketTalk } from "#platform/testing/websocket.ts";
import { clientAddressKey, identityKey } from "../identity.ts";

let pair: TestPair;
afterEach(() => pair.close());

test("a call over a WebSocket is passed on to the process that answers it, and comes back in whole envelopes", async () => {
  const large = "x".repeat(300_000);
  pair = await openTestPair([DeliveryService], (serve) =>
    serve(DeliveryService, {
      async *connect(requests, { values }) {
        const identity = values.get(identityKey);
        const who = identity.kind === "user" ? identity.userId : "";
        for await (const { command } of requests) {
          yield { frame: { case: "heartbeat", value: { token: `${command.case} of ${who}` } } };
          yield { frame: { case: "heartbeat", value: { token: large } } };
        }
        yield { frame: { case: "heartbeat", value: { token: values.get(clientAddressKey) } } };
      },
    }),
  );
  const talk = await new WebSocketTalk(`${pair.gateway.url}/parley.chat.v1.DeliveryService/Connect`).opened();
  talk.authorize("marvin").say({ open: {} });
  await talk.told(2);
  talk.say({ typing: {} }).finish();
  expect((await talk.closing).code).toBe(1000);
  const tokens = talk.messages.map((message) => JSON.parse(message.toString()).heartbeat.token);
  expect(tokens).toEqual(["open of marvin", large, "typing of marvin", large, "127.0.0.1"]);
  expect(talk.ending).toEqual({});
  expect(talk.texts).toEqual([]);
});

test("what the other process refuses is told as an error of the call", async () => {
  pair = await openTestPair([DeliveryService], (serve) => serve(DeliveryService, {}));
  const talk = await new WebSocketTalk(`${pair.gateway.url}/parley.chat.v1.DeliveryService/Connect`).opened();
  talk.authorize("marvin");
  expect((await talk.closing).code).toBe(1000);
  expect(talk.ending?.error?.code).toBe("unimplemented");
});
