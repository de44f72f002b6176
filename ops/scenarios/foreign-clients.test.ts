import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { testWithTools } from "#platform/testing/tool.ts";
import { until } from "#platform/testing/until.ts";
import { runCommand } from "../command.ts";
import { bufCurl, CallFailed, curl, type ForeignClient, type ForeignStream, grpcurl } from "./foreign-clients.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const authService = "parley.auth.v1.AuthService";
const chatService = "parley.chat.v1.ChatService";
const subscribe = "parley.chat.v1.DeliveryService/Subscribe";
const reads = ["ListMessages", "ListConversations", "GetConversation"].map((name) => `${chatService}/${name}`);

/** Each call is a program of its own, which takes a second on a busy machine. */
const conversationMs = 120_000;
const frameMs = 30_000;

let dataDir: string;
let server: ServerProcess;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-foreign-"));
  server = await startServerProcess(dataDir);
});

afterAll(async () => {
  await server?.stop();
  rmSync(dataDir, { recursive: true });
});

const clients: readonly [program: string, name: string, open: (url: string) => ForeignClient][] = [
  ["curl", "curl over HTTP/1.1", (url) => curl(url, reads)],
  ["curl", "curl over HTTP/2", (url) => curl(url, reads, ["--http2-prior-knowledge"])],
  ["buf", "buf curl over gRPC", (url) => bufCurl(url, "grpc")],
  ["buf", "buf curl over gRPC-Web", (url) => bufCurl(url, "grpcweb")],
  ["buf", "buf curl over Connect", (url) => bufCurl(url, "connect")],
  ["grpcurl", "grpcurl", (url) => grpcurl(url)],
];

describe("two people meet, talk, stream and resume", () => {
  for (const [program, name, open] of clients) {
    const tools = program === "buf" ? [] : [program];
    testWithTools(tools, name, () => converse(open(server.url)), conversationMs);
  }
});

async function converse(client: ForeignClient): Promise<void> {
  const ada = await register(client, "ada");
  const bob = await register(client, "bob");
  const conversationId = await openDirect(client, ada, bob);

  const first = await listen(client, bob, "");
  await send(client, ada, conversationId, "hello, Bob");
  await until(() => (textsOf(first).includes("hello, Bob") ? "" : "the message has not come"), frameMs);
  await first.close();
  const token = caughtUpToken(first);

  await send(client, ada, conversationId, "are you there?");
  const second = await listen(client, bob, token);
  expect(textsOf(second)).toEqual(["hello, Bob", "are you there?"]);
  const { after } = await send(client, bob, conversationId, "I am, Ada 👋");
  await until(() => (textsOf(second).length === 3 ? "" : `there are ${textsOf(second).length} messages`), frameMs);
  await second.close();

  const history = await client.call(`${chatService}/ListMessages`, { conversationId, afterSeq: "0", after }, bob.token);
  expect(textsOfHistory(history)).toEqual(["hello, Bob", "are you there?", "I am, Ada 👋"]);
  await expectRefusal(client, ada);
}

interface Person {
  readonly userId: string;
  readonly token: string;
}

async function register(client: ForeignClient, name: string): Promise<Person> {
  const { session } = await client.call(`${authService}/Register`, {
    clientId: uuidv7(),
    device: { id: uuidv7(), name: client.name },
    handle: `${name}_${uuidv7().slice(-12)}`,
    password: "correct horse battery staple",
  });
  const { userId, accessToken } = session as { userId: string; accessToken: string };
  return { userId, token: accessToken };
}

async function openDirect(client: ForeignClient, from: Person, to: Person): Promise<string> {
  const request = { clientId: uuidv7(), kind: "CONVERSATION_KIND_DIRECT", memberIds: [to.userId] };
  const { conversation } = await client.call(`${chatService}/CreateConversation`, request, from.token);
  return (conversation as { conversationId: string }).conversationId;
}

async function send(client: ForeignClient, from: Person, conversationId: string, text: string) {
  const request = { clientId: uuidv7(), conversationId, content: { text } };
  const answer = await client.call(`${chatService}/SendMessage`, request, from.token);
  return answer as { seq: string; after: string };
}

/** Opens a stream and waits until it has caught up. */
async function listen(client: ForeignClient, as: Person, token: string): Promise<ForeignStream> {
  const stream = client.stream(subscribe, token ? { token } : {}, as.token);
  await until(() => (caughtUpToken(stream) ? "" : `not caught up: ${JSON.stringify(stream.messages())}`), frameMs);
  return stream;
}

function caughtUpToken(stream: ForeignStream): string {
  const frame = stream.messages().find((message) => message.caughtUp);
  return (frame?.caughtUp as { token: string } | undefined)?.token ?? "";
}

/** Texts of the messages that a stream delivered, each of which must follow on the one before. */
function textsOf(stream: ForeignStream): string[] {
  const events = stream.messages().flatMap(({ event }) => (event ? [event as JsonObject] : []));
  const numbers = events.map(({ seq }) => Number(seq));
  expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i));
  return events.flatMap(({ messagePosted }) => (messagePosted ? [textOf(messagePosted as JsonObject)] : []));
}

function textsOfHistory({ messages }: JsonObject): string[] {
  return (messages as JsonObject[]).map(textOf);
}

function textOf({ content }: JsonObject): string {
  return (content as { text: string }).text;
}

/** A call on somebody else's conversation fails with a typed error that the client can show. */
async function expectRefusal(client: ForeignClient, person: Person): Promise<void> {
  const request = { conversationId: "AAAAAAAAAAAAAAAAAAAAAAAA" };
  const refusal = client.call(`${chatService}/GetConversation`, request, person.token);
  await expect(refusal).rejects.toThrow(CallFailed);
  await expect(refusal).rejects.toThrow(/permission.?denied/i);
  await expect(refusal).rejects.toThrow("parley.chat.v1.ChatError");
}

testWithTools(["grpcurl"], "reflection lists and describes the services", async () => {
  const list = await runCommand(["grpcurl", "-plaintext", new URL(server.url).host, "list"]);
  expect(list.stdout.trim().split("\n")).toEqual(
    expect.arrayContaining([authService, chatService, "parley.chat.v1.DeliveryService", "grpc.health.v1.Health"]),
  );
  const method = await runCommand([
    "grpcurl",
    "-plaintext",
    new URL(server.url).host,
    "describe",
    subscribe.replace("/", "."),
  ]);
  expect(method.stdout).toContain("returns ( stream .parley.chat.v1.Frame )");
});

testWithTools(["grpcurl"], "the standard health service answers", async () => {
  const answer = await grpcurl(server.url).call("grpc.health.v1.Health/Check", {});
  expect(answer).toEqual({ status: "SERVING" });
});

testWithTools(
  ["grpcurl"],
  "grpcurl sends and receives on one Connect stream",
  async () => {
    const client = grpcurl(server.url);
    const ada = await register(client, "ada");
    const bob = await register(client, "bob");
    const conversationId = await openDirect(client, ada, bob);
    const clientId = uuidv7();
    const commands = [{ open: {} }, { send: { clientId, conversationId, content: { text: "over one stream" } } }];
    const stream = client.duplex("parley.chat.v1.DeliveryService/Connect", commands, ada.token);
    await until(
      () => (textsOf(stream).length > 0 ? "" : `no message in ${JSON.stringify(stream.messages())}`),
      frameMs,
    );
    await stream.close();
    expect(textsOf(stream)).toEqual(["over one stream"]);
    expect(stream.messages()).toContainEqual({ sent: expect.objectContaining({ clientId, conversationId }) });
  },
  conversationMs,
);

test("curl is told the state of the server", async () => {
  for (const [path, expected] of [
    ["/healthz", /ok/i],
    ["/readyz", /ok|ready/i],
    ["/metrics", /^# HELP /m],
  ] as const) {
    const { stdout } = await runCommand(["curl", "--silent", "--fail", `${server.url}${path}`]);
    expect(stdout, path).toMatch(expected);
  }
  const keys = await runCommand(["curl", "--silent", "--fail", `${server.url}/.well-known/jwks.json`]);
  expect(JSON.parse(keys.stdout).keys).toEqual([expect.objectContaining({ kty: "OKP", crv: "Ed25519" })]);
});
