import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { ContentSchema, EventSchema, type Parley, SendMessageRequestSchema } from "../../clients/sdk/node/index.ts";
import { callRaw, outcomeOf } from "./bad-input-caller.ts";
import { type Crew, eventsOf, openCrew, textOf } from "./crew.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const chat = "chat.v1.ChatService";
const invalid = "invalid_argument INVALID_ARGUMENT";
const notMember = "permission_denied NOT_A_MEMBER";

let dataDir: string;
let server: ServerProcess;
let crew: Crew;
let ada: Parley;
let token: string;
let strangerToken: string;
let conversationId: string;
/** What the history must hold: what was accepted, nothing of what was refused. */
const accepted: string[] = [];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-bad-input-"));
  server = await startServerProcess(dataDir);
  crew = await openCrew(server.url, dataDir, ["ada", "stranger"]);
  ada = await crew.device(0);
  [token, strangerToken] = [await tokenOf(0), await tokenOf(1)];
  ({ conversationId } = await ada.conversations.createGroup({ name: "all" }));
});

afterAll(async () => {
  await crew?.close();
  await server?.stop();
  rmSync(dataDir, { recursive: true });
});

/** Whatever was sent, the server goes on serving, and nothing is half-done. */
afterEach(async () => {
  const text = `still there ${accepted.length}`;
  await ada.send(conversationId, { text });
  accepted.push(text);
  expect((await eventsOf(ada, conversationId)).slice(1).map(textOf)).toEqual(accepted);
});

async function tokenOf(person: number): Promise<string> {
  const device = { id: crypto.randomUUID(), name: "" };
  const { session } = await crew.operator.auth.issueSession({ userId: crew.userIds[person] ?? "", device });
  return session?.accessToken ?? "";
}

const message = (text: unknown, more: object = {}) => ({
  clientId: uuidv7(),
  conversationId,
  content: { text },
  ...more,
});

const outcome = async (method: string, body: object | string | Uint8Array<ArrayBuffer>, as = token, type?: string) =>
  (await callRaw(server.url, method, as, body, type)).outcome;

describe("sizes", () => {
  test("a message has at most 16 KiB of text, counted in bytes", async () => {
    const longest = "é".repeat(8192);
    expect(await outcome(`${chat}/SendMessage`, message(longest))).toBe("ok");
    accepted.push(longest);
    expect(await outcome(`${chat}/SendMessage`, message(`${longest}x`))).toBe(invalid);
    expect(await outcome(`${chat}/SendMessage`, message(""))).toBe(invalid);
  });

  test("a call has at most 1 MiB", async () => {
    const body = message("x".repeat(2_000_000));
    expect(await outcome(`${chat}/SendMessage`, body)).toBe("resource_exhausted TOO_LARGE");
  });

  test("a batch has at most 100 messages and 256 KiB, and is taken whole or not at all", async () => {
    const batch = (count: number, bytes: number) => ({
      conversationId,
      items: Array.from({ length: count }, () => ({ clientId: uuidv7(), content: { text: "x".repeat(bytes) } })),
    });
    expect(await outcome(`${chat}/SendMessages`, batch(101, 1))).toBe(invalid);
    expect(await outcome(`${chat}/SendMessages`, batch(0, 1))).toBe(invalid);
    expect(await outcome(`${chat}/SendMessages`, batch(17, 16_384))).toBe("resource_exhausted TOO_LARGE");
  });

  test("a page has a size within its bounds", async () => {
    for (const pageSize of [-1, 1001, 2 ** 31 - 1]) {
      expect(await outcome(`${chat}/ListEvents`, { conversationId, pageSize })).toBe(invalid);
      expect(await outcome(`${chat}/ListMembers`, { conversationId, pageSize })).toBe(invalid);
    }
    for (const pageSize of [2 ** 31, 1.5, "many"]) {
      expect(await outcome(`${chat}/ListEvents`, { conversationId, pageSize })).toBe(invalid);
    }
  });
});

describe("form", () => {
  test("wrong types, wrong ids and broken JSON are invalid arguments", async () => {
    const bodies = [
      message(5),
      message(["a"]),
      message("a", { clientId: "7" }),
      message("a", { conversationId: "../x" }),
    ];
    for (const body of [...bodies, "{", "[]", '"text"', "null"]) {
      expect(await outcome(`${chat}/SendMessage`, body)).toBe(invalid);
    }
  });

  test("text that is not UTF-8 is an invalid argument, in JSON and in protobuf", async () => {
    const json = Buffer.from(JSON.stringify(message("~")));
    const proto = Buffer.from(
      toBinary(SendMessageRequestSchema, create(SendMessageRequestSchema, message("~") as object)),
    );
    for (const bytes of [json, proto]) bytes[bytes.lastIndexOf("~")] = 0xff;
    expect(await outcome(`${chat}/SendMessage`, json)).toBe(invalid);
    expect(await outcome(`${chat}/SendMessage`, proto, token, "application/proto")).toBe(invalid);
  });

  test("unknown fields are accepted and never stored", async () => {
    const secret = "unknown-field-content";
    expect(await outcome(`${chat}/SendMessage`, message("with unknown JSON", { surprise: secret }))).toBe("ok");
    const unknown = { no: 999, wireType: 2, data: Buffer.from([secret.length, ...Buffer.from(secret)]) };
    const content = create(ContentSchema, { text: "with unknown bytes" });
    content.$unknown = [unknown];
    const request = create(SendMessageRequestSchema, { clientId: uuidv7(), conversationId, content });
    request.$unknown = [unknown];
    const bytes = Buffer.from(toBinary(SendMessageRequestSchema, request));
    expect(bytes.includes(secret)).toBe(true);
    expect(await outcome(`${chat}/SendMessage`, bytes, token, "application/proto")).toBe("ok");
    accepted.push("with unknown JSON", "with unknown bytes");
    for (const event of await eventsOf(ada, conversationId)) {
      expect(Buffer.from(toBinary(EventSchema, event)).includes(secret)).toBe(false);
    }
  });
});

describe("rights", () => {
  test("without a token, with a forged one or with another's kind, nothing is answered", async () => {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none" })).toString("base64url");
    const turned = Buffer.from(payload, "base64url")
      .toString()
      .replace(crew.userIds[0] ?? "", crew.userIds[1] ?? "");
    const forged = [
      "",
      "nonsense",
      `${none}.${payload}.`,
      `${header}.${Buffer.from(turned).toString("base64url")}.${signature}`,
      `${header}.${payload}.${Buffer.alloc(64).toString("base64url")}`,
    ];
    for (const bad of forged) {
      expect(await outcome(`${chat}/SendMessage`, message("x"), bad)).toBe("unauthenticated UNAUTHENTICATED");
    }
    expect(await outcome(`${chat}/ImportEvents`, {})).toBe("permission_denied WRONG_CREDENTIAL");
  });

  test("a conversation that one is not in answers like one that does not exist", async () => {
    const absent = Buffer.from(conversationId, "base64url");
    absent.fill(7, 2);
    for (const id of [conversationId, absent.toString("base64url")]) {
      const calls = [
        [`SendMessage`, message("x", { conversationId: id })],
        [`ListEvents`, { conversationId: id }],
        [`ListMessages`, { conversationId: id }],
        [`ListMembers`, { conversationId: id }],
        [`GetConversation`, { conversationId: id }],
        [`SetMarks`, { conversationId: id, clientId: uuidv7(), readSeq: "1" }],
        [`AddMembers`, { conversationId: id, clientId: uuidv7(), userIds: [crew.userIds[1]] }],
      ] as const;
      for (const [method, body] of calls) {
        expect([method, await outcome(`${chat}/${method}`, body, strangerToken)]).toEqual([method, notMember]);
      }
    }
  });

  test("a client id stands for one content", async () => {
    const first = message("the first content");
    expect(await outcome(`${chat}/SendMessage`, first)).toBe("ok");
    expect(await outcome(`${chat}/SendMessage`, first)).toBe("ok");
    const other = { ...first, content: { text: "another content" } };
    expect(await outcome(`${chat}/SendMessage`, other)).toBe("already_exists CLIENT_ID_REUSED");
    accepted.push("the first content");
  });

  test("a resume token that is foreign, changed or made up opens no stream", async () => {
    const own = await resumeToken();
    for (const bad of ["made up", (own.startsWith("A") ? "B" : "A") + own.slice(1)]) {
      expect(await subscribeOutcome(token, bad)).toBe("invalid_argument INVALID_TOKEN");
    }
    expect(await subscribeOutcome(strangerToken, own)).toBe("invalid_argument INVALID_TOKEN");
    expect(await subscribeOutcome(token, "x".repeat(10_000))).toBe(invalid);
  });
});

test("a thousand connections that never finish a request, and readers that never read, hold nobody up", async () => {
  const { hostname, port } = new URL(server.url);
  const beginnings = [
    "",
    "P",
    "POST /parley.chat.v1.ChatService/SendMessage HTTP/1.1\r\nhost: x\r\n",
    "PRI * HTTP/2.0\r\n",
  ];
  const sockets: Socket[] = [];
  try {
    for (let n = 0; n < 1000; n++) {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      sockets.push(socket);
      socket.write(beginnings[n % beginnings.length] ?? "");
    }
    await Promise.all(sockets.map((socket) => socket.connecting && once(socket, "connect")));
    const readers = Array.from({ length: 3 }, () => neverReading(Number(port), hostname));
    sockets.push(...readers);
    const text = "x".repeat(16_000);
    for (let n = 0; n < 60; n++) {
      await ada.send(conversationId, { text });
      accepted.push(text);
    }
  } finally {
    for (const socket of sockets) socket.destroy();
  }
});

/** Asks for a stream over HTTP/1.1 and never reads what comes. */
function neverReading(port: number, host: string): Socket {
  const socket = connect(port, host);
  socket.on("error", () => {});
  socket.pause();
  const body = envelopeOf("{}");
  const head = [
    "POST /parley.chat.v1.DeliveryService/Subscribe HTTP/1.1",
    "host: x",
    "content-type: application/connect+json",
    `authorization: Bearer ${token}`,
    `content-length: ${body.length}`,
  ];
  socket.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]));
  return socket;
}

function envelopeOf(json: string): Buffer<ArrayBuffer> {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(json), 1);
  return Buffer.concat([head, Buffer.from(json)]);
}

async function openStream(
  as: string,
  resume: string,
  signal: AbortSignal,
): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const response = await fetch(`${server.url}/parley.chat.v1.DeliveryService/Subscribe`, {
    method: "POST",
    headers: { "content-type": "application/connect+json", authorization: `Bearer ${as}` },
    body: envelopeOf(JSON.stringify({ token: resume })),
    signal,
  });
  if (!response.body) throw new Error("no body");
  return response.body.getReader();
}

/** The token of a stream that has caught up. */
async function resumeToken(): Promise<string> {
  const ending = new AbortController();
  const reader = await openStream(token, "", ending.signal);
  try {
    for (let text = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`no token in ${text}`);
      text += Buffer.from(value).toString("latin1");
      const found = /"caughtUp":\{"token":"([^"]+)"/.exec(text)?.[1];
      if (found) return found;
    }
  } finally {
    ending.abort();
  }
}

/** How a stream is refused: the error in its last envelope. */
async function subscribeOutcome(as: string, resume: string): Promise<string> {
  const ending = new AbortController();
  const reader = await openStream(as, resume, ending.signal);
  let text = "";
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    text += Buffer.from(chunk.value).toString("latin1");
  }
  const { error } = JSON.parse(text.slice(text.indexOf("{"))) as { readonly error: object };
  return outcomeOf(JSON.stringify(error));
}
