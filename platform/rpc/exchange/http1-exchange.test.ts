import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { until } from "#platform/testing/until.ts";
import { envelop } from "../protocols/envelopes.ts";

let edge: TestEdge;
let running = 0;
const sockets: Socket[] = [];
const warnings: Error[] = [];
const warned = (warning: Error) => void warnings.push(warning);

beforeAll(async () => {
  process.on("warning", warned);
  edge = await openTestEdge((serve) => {
    serve(PresenceService, { getPresence: () => ({}), setTyping: () => new Promise(() => {}) });
    serve(DeliveryService, {
      async *connect(requests) {
        for await (const _ of requests) {
          yield { frame: { case: "heartbeat", value: {} } };
          return;
        }
      },
      async *subscribe(_, { signal }) {
        running++;
        yield { frame: { case: "heartbeat", value: {} } };
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        running--;
      },
    });
  });
});
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  process.off("warning", warned);
  await edge.close();
});

interface Connection {
  readonly socket: Socket;
  /** Waits until so much came that the pattern is in it, so many times. */
  until(pattern: RegExp, times?: number): Promise<string>;
}

async function open(): Promise<Connection> {
  const socket = connect(Number(new URL(edge.url).port), "127.0.0.1");
  sockets.push(socket);
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
  });
  socket.on("error", () => {});
  await once(socket, "connect");
  return {
    socket,
    async until(pattern, times = 1) {
      const global = new RegExp(pattern, "g");
      await until(() => ((text.match(global)?.length ?? 0) >= times ? "" : `${pattern} is not in ${text.slice(-500)}`));
      return text;
    },
  };
}

const asked = Buffer.from(JSON.stringify({ userIds: ["0198c0de-0000-7000-8000-000000000001"] }));
const typing = { clientId: "0198c0de-0000-7000-8000-000000000001", conversationId: "A".repeat(24) };

function post(method: string, type: string, body: Uint8Array, headers = "", version = "1.1"): Buffer {
  const head = `POST /parley.${method} HTTP/${version}\r\nhost: x\r\nauthorization: Bearer marvin\r\ncontent-type: ${type}`;
  const length = headers.includes("transfer-encoding") ? "" : `content-length: ${body.length}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n${length}${headers}\r\n`), body]);
}

const getPresence = (headers = "", version?: string) =>
  post("presence.v1.PresenceService/GetPresence", "application/json", asked, headers, version);
const subscribe = post("chat.v1.DeliveryService/Subscribe", "application/connect+json", envelop(0, Buffer.from("{}")));
const health = "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";

test("many calls on one connection, one after another, leave no listeners", async () => {
  const connection = await open();
  for (let count = 1; count <= 100; count++) {
    connection.socket.write(getPresence());
    await connection.until(/200 OK/, count);
  }
  expect(warnings).toEqual([]);
});

test("many calls that were sent at once are answered in order", async () => {
  const connection = await open();
  connection.socket.write(Buffer.concat([...Array.from({ length: 10 }, () => getPresence()), Buffer.from(health)]));
  const answers = await connection.until(/ok\n$/);
  expect(answers.match(/200 OK/g)).toHaveLength(11);
  expect(warnings).toEqual([]);
});

test("calls that wait behind another one end with their connection", async () => {
  const connection = await open();
  const waiting = post(
    "presence.v1.PresenceService/SetTyping",
    "application/json",
    Buffer.from(JSON.stringify(typing)),
  );
  connection.socket.write(Buffer.concat([subscribe, waiting, subscribe]));
  await connection.until(/200 OK/);
  connection.socket.destroy();
  await until(() => (running === 0 ? "" : `${running} streams`));
  await until(async () => (/^parley_rpc_running\{.*\} [1-9]/m.test(await edge.metrics.metrics()) ? "calls run" : ""));
});

test.each([
  ["refused", post("presence.v1.PresenceService/Announce", "application/json", Buffer.alloc(500_000)), /403/],
  ["no call", post("presence.v1.PresenceService/Announce", "text/plain", Buffer.alloc(500_000)), /415/],
  ["read in part", postMany(), /200 OK/],
])("the connection of a request that was %s goes on", async (_, request, status) => {
  const connection = await open();
  connection.socket.write(request);
  await connection.until(status);
  connection.socket.write(health);
  await connection.until(/ok\n$/);
});

function postMany(): Buffer {
  const command = envelop(0, Buffer.from(JSON.stringify({ open: {} })));
  return post(
    "chat.v1.DeliveryService/Connect",
    "application/connect+json",
    Buffer.concat(Array(20_000).fill(command)),
  );
}

test("who asks whether to go on hears so, once", async () => {
  const connection = await open();
  const request = getPresence("expect: 100-continue\r\n");
  connection.socket.write(request.subarray(0, -asked.length));
  await connection.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
  connection.socket.write(asked);
  await connection.until(/200 OK/);
});

test("a body in chunks is taken, one that is cut off or longer than it says is not", async () => {
  const chunked = await open();
  const body = Buffer.from(`${asked.length.toString(16)}\r\n${asked}\r\n0\r\n\r\n`);
  chunked.socket.write(
    post("presence.v1.PresenceService/GetPresence", "application/json", body, "transfer-encoding: chunked\r\n"),
  );
  await chunked.until(/200 OK/);
  const longer = await open();
  longer.socket.write(Buffer.concat([getPresence(), Buffer.from("more")]));
  await longer.until(/400 Bad Request/);
  const cutOff = await open();
  cutOff.socket.write(getPresence().subarray(0, -5));
  cutOff.socket.destroy();
  await until(async () =>
    (await edge.metrics.metrics()).includes('GetPresence",code="canceled"} 1') ? "" : "it runs",
  );
});

test("HTTP/1.0 is answered, and its connection closed", async () => {
  const connection = await open();
  connection.socket.write(getPresence("", "1.0"));
  const closed = once(connection.socket, "close");
  await connection.until(/200 OK/);
  await connection.until(/\{\}$/);
  await closed;
});

test("an offer of h2c is passed over", async () => {
  const connection = await open();
  connection.socket.write(
    getPresence("connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"),
  );
  await connection.until(/^HTTP\/1.1 200 OK/);
});

test("a preflight has neither body nor length", async () => {
  const connection = await open();
  const names = "origin: https://chat.example\r\naccess-control-request-method: POST\r\n";
  connection.socket.write(
    `OPTIONS /parley.presence.v1.PresenceService/GetPresence HTTP/1.1\r\nhost: x\r\n${names}\r\n`,
  );
  const answer = await connection.until(/\r\n\r\n/);
  expect(answer).toMatch(/^HTTP\/1.1 204/);
  expect(answer).not.toMatch(/content-length|transfer-encoding/i);
  connection.socket.write(health);
  await connection.until(/ok\n$/);
});

test("OPTIONS of nobody's browser, and pages that are written to, say what is allowed", async () => {
  const options = await fetch(`${edge.url}/parley.presence.v1.PresenceService/GetPresence`, { method: "OPTIONS" });
  expect([options.status, options.headers.get("allow")]).toEqual([405, "GET, POST"]);
  const page = await fetch(`${edge.url}/healthz`, { method: "POST", body: "x" });
  expect([page.status, page.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});
