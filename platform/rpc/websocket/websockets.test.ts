import { afterEach, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { until } from "#platform/testing/until.ts";
import { refusalOf, WebSocketTalk } from "#platform/testing/websocket.ts";
import { clientAddressKey, identityKey } from "../identity.ts";

let edge: TestEdge;
afterEach(() => edge.close());

const connectPath = "/parley.chat.v1.DeliveryService/Connect";
const subscribePath = "/parley.chat.v1.DeliveryService/Subscribe";

/** Answers each command with a heartbeat that tells its kind. */
async function openEcho(allowedOrigins: readonly string[] = ["*"]): Promise<void> {
  edge = await openTestEdge(
    (serve) => {
      serve(PresenceService, { getPresence: () => ({}) });
      serve(DeliveryService, {
        async *connect(requests) {
          for await (const { command } of requests) {
            yield { frame: { case: "heartbeat", value: { token: command.case ?? "" } } };
          }
        },
        async *subscribe({ token }, { values }) {
          const identity = values.get(identityKey);
          const told = [token, identity.kind === "user" ? identity.userId : "", values.get(clientAddressKey)];
          for (const each of told) yield { frame: { case: "heartbeat", value: { token: each } } };
        },
      });
    },
    { allowedOrigins },
  );
}

test("both directions of a call flow over a WebSocket, until the client has said all", async () => {
  await openEcho();
  const talk = await new WebSocketTalk(edge.url + connectPath).opened();
  talk.authorize("marvin").say({ open: {} }).say({ typing: {} });
  await until(() => (talk.messages.length === 2 ? "" : `${talk.messages.length} answers`));
  expect(talk.messages.map(String)).toEqual(['{"heartbeat":{"token":"open"}}', '{"heartbeat":{"token":"typing"}}']);
  talk.finish();
  expect(await talk.closing).toEqual({ code: 1000, reason: "" });
  expect(talk.ending).toEqual({});
  expect(talk.texts).toEqual([]);
});

test("a method that is asked once answers once the client has said all", async () => {
  await openEcho();
  const talk = await new WebSocketTalk(edge.url + subscribePath).opened();
  talk.authorize("marvin").say({ token: "t" }).finish();
  await talk.closing;
  const tokens = talk.messages.map((message) => JSON.parse(message.toString()).heartbeat.token);
  expect(tokens).toEqual(["t", "marvin", "127.0.0.1"]);
});

test.each([
  ["nothing that is called so", "/parley.chat.v1.DeliveryService/Nothing", "parley.connect+json", 404],
  ["a unary method", "/parley.presence.v1.PresenceService/GetPresence", "parley.connect+json", 400],
  ["another subprotocol", connectPath, "graphql-ws", 400],
  ["a token in the address", `${connectPath}?token=x`, "parley.connect+json", 400],
])("%s is refused before the WebSocket opens", async (_, path, subprotocol, status) => {
  await openEcho();
  expect((await refusalOf(edge.url + path, subprotocol))[0]).toBe(status);
});
