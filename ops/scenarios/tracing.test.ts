import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { type CollectedSpan, type OtlpCollector, openOtlpCollector } from "#platform/testing/otlp-collector.ts";
import { until } from "#platform/testing/until.ts";
import { Frames } from "../../gateway/testing/frames.ts";
import { callersOf, type TestUser } from "../../services/testing/stack.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

let dataDir: string;
let collector: OtlpCollector;
let core: ServerProcess;
let gateway: ServerProcess;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-tracing-"));
  collector = await openOtlpCollector();
  core = await startServerProcess(dataDir, { PARLEY_SHARDS: "4", ...collector.env });
  gateway = await startServerProcess(dataDir, {
    PARLEY_TARGETS: "gateway",
    PARLEY_PEERS: core.url,
    ...collector.env,
  });
});
afterAll(async () => {
  await gateway.stop();
  await core.stop();
  await collector.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const person = () => callersOf(gateway.url).registerUser(`p${uuidv7().replaceAll("-", "").slice(-20)}`);

async function makeGroup(owner: TestUser, ...others: TestUser[]): Promise<string> {
  const { conversation } = await owner.client(ChatService).createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.GROUP,
    name: "us",
    memberIds: others.map(({ userId }) => userId),
  });
  return conversation?.conversationId ?? "";
}

/** A trace that a client begins. */
function beginTrace() {
  const hex = (bytes: number) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
  const [traceId, spanId] = [hex(16), hex(8)];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-01` };
}

/** The spans of a trace, once all of those names are there. */
async function spansOf(traceId: string, names: readonly string[]): Promise<CollectedSpan[]> {
  const found = () => collector.spans.filter((span) => span.traceId === traceId);
  await until(() => {
    const missing = names.filter((name) => !found().some((span) => span.name === name));
    return missing.length === 0 ? "" : `no ${missing.join(", ")} among ${found().map(({ name }) => name)}`;
  });
  return found();
}

const sendMethod = "parley.chat.v1.ChatService/SendMessage";
const wayOfAMessage = [sendMethod, "create log", "send log", "process log", "deliver"];

test("one trace shows a message's way from its client through all processes to the streams", async () => {
  const [ann, ben] = [await person(), await person()];
  const conversationId = await makeGroup(ann, ben);
  const frames = new Frames((signal) => ben.client(DeliveryService).subscribe({}, { signal }));
  await frames.find("caughtUp");
  const { traceId, spanId, traceparent } = beginTrace();
  const message = { clientId: uuidv7(), conversationId, content: { text: "hello" } };
  await ann.client(ChatService).sendMessage(message, { headers: { traceparent } });
  await frames.find("event");
  await frames.end();
  const spans = await spansOf(traceId, wayOfAMessage);
  const kinds = (name: string) => spans.filter((span) => span.name === name);
  const calls = kinds(sendMethod);
  expect(calls.map(({ kind }) => kind).sort()).toEqual(["client", "server", "server"]);
  const [atGateway, client, atCore] = [
    calls.find((span) => span.parentSpanId === spanId),
    calls.find((span) => span.kind === "client"),
    calls.find((span) => span.kind === "server" && span.parentSpanId !== spanId),
  ];
  expect(client?.parentSpanId).toBe(atGateway?.spanId);
  expect(atCore?.parentSpanId).toBe(client?.spanId);
  expect(atGateway?.resource).toMatchObject({ "service.name": "parley", "parley.targets": "gateway" });
  expect(atCore?.resource["service.instance.id"]).not.toBe(atGateway?.resource["service.instance.id"]);
  const [created] = kinds("create log");
  expect(created?.parentSpanId).toBe(atCore?.spanId);
  const entry = { traceId, spanId: created?.spanId ?? "" };
  for (const name of ["send log", "process log"]) {
    const [span] = kinds(name);
    expect(span?.parentSpanId).toBe(entry.spanId);
    expect(span?.links).toContainEqual(entry);
  }
  const [batch] = kinds("process log");
  const written = spans.filter(({ parentSpanId }) => parentSpanId === batch?.spanId);
  expect(written.map(({ attributes }) => attributes["db.system.name"])).toContain("sqlite");
  const [delivered] = kinds("deliver");
  expect(delivered?.parentSpanId).toBe(entry.spanId);
  expect(delivered?.resource["parley.targets"]).toBe("gateway");
  expect(spans.filter(({ isError }) => isError)).toEqual([]);
});

test("a trace that is not recorded leaves no span anywhere", async () => {
  const ann = await person();
  const conversationId = await makeGroup(ann);
  const [unrecorded, recorded] = [beginTrace(), beginTrace()];
  const say = (traceparent: string) => {
    const message = { clientId: uuidv7(), conversationId, content: { text: "hello" } };
    return ann.client(ChatService).sendMessage(message, { headers: { traceparent } });
  };
  await say(unrecorded.traceparent.replace(/01$/, "00"));
  await say(recorded.traceparent);
  await spansOf(recorded.traceId, wayOfAMessage.slice(0, -1));
  expect(collector.spans.filter(({ traceId }) => traceId === unrecorded.traceId)).toEqual([]);
});

test("what is said on a stream is a trace of its own, or goes on with the one that it names", async () => {
  const ann = await person();
  const conversationId = await makeGroup(ann);
  const { traceId, spanId, traceparent } = beginTrace();
  async function* requests() {
    yield { command: { case: "open", value: {} } } as const;
    const value = { clientId: uuidv7(), conversationId, content: { text: "on the stream" } };
    yield { command: { case: "send", value }, traceparent } as const;
    await new Promise(() => {});
  }
  const talk = new Frames((signal) => ann.client(DeliveryService).connect(requests(), { signal }));
  await talk.find("sent");
  const spans = await spansOf(traceId, ["parley.chat.v1.DeliveryService/Connect send", ...wayOfAMessage]);
  await talk.end();
  expect(spans.find(({ name }) => name.endsWith("Connect send"))?.parentSpanId).toBe(spanId);
});
