import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { createEndings, type Endings } from "#platform/runtime/endings.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { flushMs } from "#platform/telemetry/telemetry.ts";
import { describeOnEngines } from "#platform/testing/engines.ts";
import { type CollectedSpan, type OtlpCollector, openOtlpCollector } from "#platform/testing/otlp-collector.ts";
import { until } from "#platform/testing/until.ts";
import { Frames } from "../../gateway/testing/frames.ts";
import { engineSettings } from "../../services/testing/shared-engines.ts";
import { callersOf, type TestUser } from "../../services/testing/stack.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

/** The processes of an installation that export what they record. */
interface Traced {
  readonly collector: OtlpCollector;
  readonly gateway: ServerProcess;
  readonly endings: Endings;
}

async function startBeside(): Promise<Traced> {
  const { endings, dataDir, collector } = await begin();
  const core = await startServerProcess(dataDir, { PARLEY_SHARDS: "4", ...collector.env });
  endings.push(() => core.stop());
  const targets = { PARLEY_TARGETS: "gateway", PARLEY_PEERS: core.url };
  const gateway = await startServerProcess(dataDir, { ...targets, ...collector.env });
  endings.push(() => gateway.stop());
  return { collector, gateway, endings };
}

async function startFour(): Promise<Traced> {
  const { endings, dataDir, collector } = await begin();
  const engines = await engineSettings({ PARLEY_DATA: dataDir }, endings);
  const env = { PARLEY_SHARDS: "4", ...engines, ...collector.env };
  const start = async (targets: string) => {
    const process = await startServerProcess(dataDir, { ...env, PARLEY_TARGETS: targets });
    endings.push(() => process.stop());
    return process;
  };
  const [gateway] = await Promise.all(["gateway", "chat", "projector", "auth,user,presence,media"].map(start));
  if (!gateway) throw new Error("no gateway");
  return { collector, gateway, endings };
}

async function begin() {
  const endings = createEndings();
  const dataDir = mkdtempSync(join(tmpdir(), "parley-tracing-"));
  endings.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const collector = await openOtlpCollector();
  endings.push(collector.close);
  return { endings, dataDir, collector };
}

const startMs = 120_000;
let traced: Traced;

const person = () => callersOf(traced.gateway.url).registerUser(`p${uuidv7().replaceAll("-", "").slice(-20)}`);

async function makeGroup(owner: TestUser, other: TestUser, { traceparent } = beginTrace()): Promise<string> {
  const { conversation } = await owner
    .client(ChatService)
    .createConversation(
      { clientId: uuidv7(), kind: ConversationKind.GROUP, name: "us", memberIds: [other.userId] },
      { headers: { traceparent } },
    );
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
  const found = () => traced.collector.spans.filter((span) => span.traceId === traceId);
  await until(() => {
    const missing = names.filter((name) => !found().some((span) => span.name === name));
    return missing.length === 0 ? "" : `no ${missing.join(", ")} among ${found().map(({ name }) => name)}`;
  });
  return found();
}

const sendMethod = "parley.chat.v1.ChatService/SendMessage";
const wayOfAMessage = [sendMethod, "create log", "send log", "process log", "deliver"];

/** Sends a message, of which somebody hears on a stream, as a part of a client's trace. It is the sender's first call. */
async function spansOfOneMessage() {
  const [ann, ben] = [await person(), await person()];
  const before = beginTrace();
  const conversationId = await makeGroup(ben, ann, before);
  // The message is not to share its batch with the group.
  await spansOf(before.traceId, ["process log"]);
  const frames = new Frames((signal) => ben.client(DeliveryService).subscribe({}, { signal }));
  await frames.find("caughtUp");
  const { traceId, spanId, traceparent } = beginTrace();
  const message = { clientId: uuidv7(), conversationId, content: { text: "hello" } };
  await ann.client(ChatService).sendMessage(message, { headers: { traceparent } });
  await frames.find("event");
  await frames.end();
  const spans = await spansOf(traceId, wayOfAMessage);
  return { traceId, clientSpanId: spanId, spans };
}

/** Holds the spans to the way of a message: which is a part of which, and what links to the entry. */
async function expectTheWay(): Promise<CollectedSpan[]> {
  const { traceId, clientSpanId, spans } = await spansOfOneMessage();
  const named = (name: string) => spans.filter((span) => span.name === name);
  const calls = named(sendMethod);
  expect(calls.map(({ kind }) => kind).sort()).toEqual(["client", "server", "server"]);
  const atGateway = calls.find((span) => span.parentSpanId === clientSpanId);
  const client = calls.find((span) => span.kind === "client");
  const atChat = calls.find((span) => span.kind === "server" && span !== atGateway);
  expect(client?.parentSpanId).toBe(atGateway?.spanId);
  expect(atChat?.parentSpanId).toBe(client?.spanId);
  const [created] = named("create log");
  expect(created?.parentSpanId).toBe(atChat?.spanId);
  const entry = { traceId, spanId: created?.spanId ?? "" };
  for (const name of ["send log", "process log"]) {
    const [span] = named(name);
    expect(span?.parentSpanId).toBe(entry.spanId);
    expect(span?.links).toContainEqual(entry);
  }
  expect(named("deliver").map(({ parentSpanId }) => parentSpanId)).toEqual([entry.spanId]);
  expect(spans.filter(({ isError }) => isError)).toEqual([]);
  expect(new Set(spans.map(({ resource }) => resource["service.name"]))).toEqual(new Set(["parley"]));
  return spans;
}

/** What runs where, by span. */
function placesOf(spans: readonly CollectedSpan[]) {
  return new Set(spans.map(({ name, kind, resource }) => `${kind} ${name} at ${resource["parley.targets"]}`));
}

/** Of the database, as parts of a span. */
function statementsOf(spans: readonly CollectedSpan[], name: string) {
  const [span] = spans.filter((each) => each.name === name);
  const within = spans.filter(({ parentSpanId }) => parentSpanId === span?.spanId);
  return new Set(within.map(({ attributes }) => attributes["db.system.name"]));
}

test("a collector that never answers keeps no call and no end waiting", async () => {
  const endings = createEndings();
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket.on("error", () => {}))).listen(0, "127.0.0.1");
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  await once(silent, "listening");
  const dataDir = mkdtempSync(join(tmpdir(), "parley-tracing-"));
  endings.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const { port } = silent.address() as AddressInfo;
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_BSP_SCHEDULE_DELAY: "10" };
  const server = await startServerProcess(dataDir, { PARLEY_SHARDS: "1", ...env });
  endings.push(() => server.stop());
  const start = performance.now();
  await callersOf(server.url).registerUser("trillian");
  await until(() => (sockets.size > 0 ? "" : "nothing was exported"));
  expect(performance.now() - start).toBeLessThan(flushMs);
  const stopped = performance.now();
  await server.stop();
  expect(performance.now() - stopped).toBeLessThan(flushMs + 3_000);
  await endings.run();
});

describe("a gateway beside a core", () => {
  beforeAll(async () => {
    traced = await startBeside();
  }, startMs);
  afterAll(() => traced.endings.run());

  test("one trace shows a message's way from its client through both processes to the streams", async () => {
    const spans = await expectTheWay();
    expect(placesOf(spans)).toContain("consumer deliver at gateway");
    expect(placesOf(spans)).toContain("producer send log at all");
    expect(statementsOf(spans, "process log")).toContain("sqlite");
  });

  test("a trace that is not recorded leaves no span anywhere", async () => {
    const ann = await person();
    const conversationId = await makeGroup(ann, await person());
    const [unrecorded, recorded] = [beginTrace(), beginTrace()];
    const say = (traceparent: string) => {
      const message = { clientId: uuidv7(), conversationId, content: { text: "hello" } };
      return ann.client(ChatService).sendMessage(message, { headers: { traceparent } });
    };
    await say(unrecorded.traceparent.replace(/01$/, "00"));
    await say(recorded.traceparent);
    await spansOf(recorded.traceId, wayOfAMessage.slice(0, -1));
    expect(traced.collector.spans.filter(({ traceId }) => traceId === unrecorded.traceId)).toEqual([]);
  });

  test("what is said on a stream is a trace of its own, or goes on with the one that it names", async () => {
    const ann = await person();
    const conversationId = await makeGroup(ann, await person());
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
});

describeOnEngines("four processes on engines that they share", ["nats", "cql", "redis"], () => {
  beforeAll(async () => {
    traced = await startFour();
  }, startMs);
  afterAll(() => traced.endings.run());

  test("one trace shows a message's way from its client through all of them to the streams", async () => {
    const spans = await expectTheWay();
    const checkSessions = "parley.auth.v1.AuthService/CheckSessions";
    const places = placesOf(spans);
    for (const place of [
      `server ${sendMethod} at gateway`,
      `client ${checkSessions} at gateway`,
      `server ${checkSessions} at auth,user,presence,media`,
      `server ${sendMethod} at chat`,
      "producer create log at chat",
      "producer send log at chat",
      "consumer process log at projector",
      "consumer deliver at gateway",
    ]) {
      expect(places).toContain(place);
    }
    expect(spans.find(({ name }) => name === "send log")?.attributes["messaging.system.name"]).toBe("nats");
    expect(statementsOf(spans, "process log")).toContain("cassandra");
  });
});
