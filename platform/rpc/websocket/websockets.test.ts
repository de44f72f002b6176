import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { testCertificate } from "#platform/testing/certificate.ts";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { until } from "#platform/testing/until.ts";
import { WebSocketTalk } from "#platform/testing/websocket.ts";
import { maxPublicBytes, maxReadBytes } from "../edge.ts";
import { clientAddressKey, identityKey } from "../identity.ts";
import { envelop, envelopeBytes } from "../protocols/envelopes.ts";
import { maxFragments } from "./websocket-limits.ts";

let edge: TestEdge;
afterEach(() => edge.close());

type Overrides = Parameters<typeof openTestEdge>[1];

/** A server that answers each command with its kind, and each `Subscribe` with what is known of the call. */
async function open(overrides: Overrides = {}): Promise<void> {
  edge = await openTestEdge((serve) => {
    serve(DeliveryService, {
      async *connect(requests, context) {
        context.responseTrailer.set("said", "at the end");
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
  }, overrides);
}

async function talk(method: "Connect" | "Subscribe" = "Connect", headers: object = {}): Promise<WebSocketTalk> {
  const one = await new WebSocketTalk(`${edge.url}/parley.chat.v1.DeliveryService/${method}`).opened();
  one.webSocket.send(JSON.stringify({ authorization: "Bearer marvin", ...headers }));
  return one;
}

const openings = (count: number) => Array<string>(count).fill('{"heartbeat":{"token":"open"}}');
const opening = envelop(0, Buffer.from('{"open":{}}'));

test("both directions of a call flow, until the client has said all", async () => {
  await open();
  const one = await talk();
  one.say({ open: {} });
  expect(await one.told(1)).toEqual(openings(1));
  one.say({ open: {} });
  expect(await one.told(2)).toEqual(openings(2));
  one.finish();
  expect(await one.closing).toEqual({ code: 1000, reason: "" });
  expect(one.ending).toEqual({ metadata: { said: ["at the end"] } });
  expect(one.texts).toEqual([]);
});

test("a method that is asked once answers once the client has said all", async () => {
  await open();
  const one = await talk("Subscribe");
  one.say({ token: "t" }).finish();
  expect((await one.closing).code).toBe(1000);
  const tokens = one.messages.map((message) => JSON.parse(message.toString()).heartbeat.token);
  expect(tokens).toEqual(["t", "marvin", "127.0.0.1"]);
});

test("where messages begin and end means nothing", async () => {
  await open();
  const { webSocket, ...one } = await talk();
  const rest = Buffer.concat([opening, opening, opening]);
  webSocket.send(rest.subarray(0, 3));
  webSocket.send(rest.subarray(3, opening.length + 8));
  webSocket.send(new Uint8Array());
  webSocket.send(rest.subarray(opening.length + 8, rest.length - 1), { fin: false });
  webSocket.send(rest.subarray(rest.length - 1));
  await until(() => (one.messages.length === 3 ? "" : `${one.messages.length} of 3`));
  webSocket.close();
});

test.each([
  ["half an envelope", opening.subarray(0, 7), "invalid_argument"],
  ["an envelope of another kind", envelop(64, Buffer.from("{}")), "invalid_argument"],
  ["no JSON", envelop(0, Buffer.from("open")), "invalid_argument"],
  ["compressed data that was not announced", envelop(1, Buffer.from("{}")), "internal"],
  ["too large an envelope", envelop(0, Buffer.alloc(maxReadBytes)).fill(0xff, 1, 5), "resource_exhausted"],
])("%s fails the call", async (_, bytes, code) => {
  await open();
  const one = await talk();
  one.webSocket.send(bytes);
  one.finish();
  expect((await one.closing).code).toBe(1000);
  expect(one.ending?.error?.code).toBe(code);
});

test.each([
  ["text", (one: WebSocketTalk) => one.webSocket.send("{}"), 1003],
  [
    "too large a message",
    (one: WebSocketTalk) => one.webSocket.send(Buffer.alloc(maxReadBytes + envelopeBytes + 1)),
    1009,
  ],
  ["what follows the end", (one: WebSocketTalk) => one.finish().finish(), 1008],
  ["a message in too many fragments", sendFragments, 1008],
])("%s closes the WebSocket", async (_, send, code) => {
  edge = await openTestEdge((serve) =>
    serve(DeliveryService, {
      async *connect(requests) {
        for await (const _ of requests);
        await new Promise(() => {});
        yield {};
      },
    }),
  );
  const one = await talk();
  send(one);
  expect((await one.closing).code).toBe(code);
  await until(async () => ((await edge.metrics.metrics()).includes("parley_websockets 0") ? "" : "it is still open"));
});

function sendFragments({ webSocket }: WebSocketTalk): void {
  for (let count = 0; count <= maxFragments; count++) webSocket.send(Buffer.alloc(1), { fin: false });
}

test("the largest message is read", async () => {
  await open();
  const one = await talk("Subscribe");
  const [start, end] = ['{"token":"t","unknown":"', '"}'];
  const text = start + "x".repeat(maxReadBytes - start.length - end.length) + end;
  one.webSocket.send(envelop(0, Buffer.from(text)));
  one.finish();
  await one.told(3);
});

test("what anybody may send is smaller", async () => {
  await open();
  const watch = (size: number) => {
    const one = new WebSocketTalk(`${edge.url}/grpc.health.v1.Health/Watch`);
    one.webSocket.on("open", () => {
      one.webSocket.send("{}");
      one.webSocket.send(Buffer.alloc(size));
    });
    return one.closing;
  };
  expect((await watch(maxPublicBytes + envelopeBytes + 1)).code).toBe(1009);
});

test("answers are compressed where the client takes it", async () => {
  edge = await openTestEdge((serve) =>
    serve(DeliveryService, {
      async *connect() {
        yield { frame: { case: "heartbeat", value: { token: randomBytes(10).toString("hex").repeat(1000) } } };
      },
    }),
  );
  const one = await talk("Connect", { "connect-accept-encoding": "gzip" });
  await one.told(1);
  expect(one.texts.map((text) => JSON.parse(text))).toEqual([{ "connect-content-encoding": "gzip" }]);
  expect(one.flags).toEqual([1]);
  expect(one.webSocket.extensions).toBe("");
});

test("a call lasts no longer than its client waits", async () => {
  await open();
  const one = await talk("Connect", { "connect-timeout-ms": "50" });
  await one.closing;
  expect(one.ending?.error?.code).toBe("deadline_exceeded");
});

test("a client that leaves ends its call", async () => {
  let ended = false;
  edge = await openTestEdge((serve) =>
    serve(DeliveryService, {
      async *connect(_, { signal }) {
        yield {};
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        ended = true;
      },
    }),
  );
  const one = await talk();
  await one.told(1);
  one.webSocket.terminate();
  await until(() => (ended ? "" : "the call goes on"));
});

test("clients are known by the address that a trusted proxy tells", async () => {
  await open({ proxies: { ranges: ["loopback"], header: "x-forwarded-for" } });
  const headers = { "x-forwarded-for": "192.0.2.7" };
  const url = `${edge.url}/parley.chat.v1.DeliveryService/Subscribe`;
  const one = await new WebSocketTalk(url, undefined, { headers }).opened();
  one.authorize("marvin").say({}).finish();
  expect((await one.told(3))[2]).toContain("192.0.2.7");
});

test("with a certificate they are encrypted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-websocket-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  writeFileSync(certFile, testCertificate.cert);
  writeFileSync(keyFile, testCertificate.key);
  await open({ tls: { certFile, keyFile } });
  const url = `${edge.url}/parley.chat.v1.DeliveryService/Connect`;
  const one = await new WebSocketTalk(url, undefined, { ca: testCertificate.cert }).opened();
  one.authorize("marvin").say({ open: {} });
  expect(await one.told(1)).toEqual(openings(1));
});

test("closing the server cuts what is open", async () => {
  await open();
  const [one, silent] = [
    await talk(),
    await new WebSocketTalk(`${edge.url}/parley.chat.v1.DeliveryService/Connect`).opened(),
  ];
  one.say({ open: {} });
  await one.told(1);
  expect(await edge.metrics.metrics()).toContain("parley_websockets 2");
  edge.refuse();
  expect((await silent.closing).code).toBe(1001);
  await edge.close();
  expect([1001, 1006]).toContain((await one.closing).code);
  await until(async () => ((await edge.metrics.metrics()).includes("parley_websockets 0") ? "" : "one is still open"));
});
