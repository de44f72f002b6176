import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { pino } from "pino";
import { expect, onTestFinished, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { parseCqlUrl } from "#platform/engines/cql-url.ts";
import { migrateCql } from "#platform/engines/migrate-cql.ts";
import { createEndings } from "#platform/runtime/endings.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { cqlMigrations } from "#platform/runtime/open-store-cql.ts";
import { describeOnOwnEngines } from "#platform/testing/engines.ts";
import { until } from "#platform/testing/until.ts";
import { storeMigrations } from "../../services/modules.ts";
import type { TestUser } from "../../services/testing/callers.ts";
import { type Disk, mountDisk } from "../chaos/installation/disks.ts";
import type { Engine } from "../engines/engine.ts";
import {
  type Calling,
  type Env,
  keepCalling,
  makeGroup,
  metricsOf,
  person,
  readiness,
  untilMore,
  untilNotReady,
  untilReady,
} from "./fleet-processes.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-outages-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function startServer(env: Env): Promise<ServerProcess> {
  const server = await startServerProcess(newFolder(), { PARLEY_SHARDS: "4", ...env });
  onTestFinished(() => server.stop());
  await untilReady(server);
  return server;
}

const logOn = ({ url, monitors }: Engine, maxBytes = "64MiB") => ({
  PARLEY_LOG: `${url}/shop?max_bytes=${maxBytes}`,
  PARLEY_NATS_MONITOR: monitors.join(),
});

/** What one person says without a pause, and what of it was acknowledged. */
interface Saying extends Calling {
  /** Finds everything acknowledged in the history, each once and under its number. */
  expectKept(): Promise<void>;
}

async function keepSaying(server: ServerProcess, text = "hello"): Promise<Saying> {
  const ann = await person(server);
  const group = await makeGroup(ann);
  const chat = ann.client(ChatService);
  const acknowledged = new Map<bigint, string>();
  const calling = keepCalling(4, async () => {
    const clientId = uuidv7();
    const content = { text: `${clientId} ${text}` };
    const { seq } = await chat.sendMessage({ clientId, conversationId: group, content }, { timeoutMs: 4_000 });
    expect(acknowledged.has(seq)).toBe(false);
    acknowledged.set(seq, content.text);
  });
  return {
    ...calling,
    async expectKept() {
      const history = await historyOf(ann, group);
      for (const [seq, said] of acknowledged) expect(history.get(seq)).toBe(said);
      expect(new Set(history.values()).size).toBe(history.size);
    },
  };
}

/** Texts of all messages, by their numbers. */
async function historyOf(user: TestUser, conversationId: string): Promise<Map<bigint, string>> {
  const chat = user.client(ChatService);
  const texts = new Map<bigint, string>();
  let fromSeq = 1n;
  for (;;) {
    const { events } = await chat.listEvents({ conversationId, fromSeq });
    for (const { seq, body } of events) {
      if (body.case === "messagePosted") texts.set(seq, body.value.content?.text ?? "");
    }
    const last = events.at(-1)?.seq;
    if (last === undefined) return texts;
    fromSeq = last + 1n;
  }
}

/** Each failed with a reason that a program can act on, or at its own deadline. */
function expectTyped(failures: readonly unknown[]): void {
  for (const failure of failures) {
    const { details, code, message } = ConnectError.from(failure);
    if (code !== Code.DeadlineExceeded) expect(details.length, message).toBeGreaterThan(0);
  }
}

const engineUp = (role: string, isUp: boolean) =>
  new RegExp(`^parley_engine_up\\{role="${role}".*\\} ${isUp ? 1 : 0}$`, "m");

describeOnOwnEngines("a server whose engines go away", ["nats", "redis", "cql"], (start) => {
  test("without NATS it says so, fails sends with a reason, and loses nothing", async () => {
    const nats = await start("nats");
    const server = await startServer(logOn(nats));
    const saying = await keepSaying(server);
    await untilMore(saying, 20);
    await nats.nodes[0]?.kill();
    await untilNotReady(server, /NATS at .* can't be reached: start it, or set PARLEY_LOG/);
    expect(await metricsOf(server)).toMatch(engineUp("log", false));
    await nats.nodes[0]?.restart();
    await untilReady(server);
    await untilMore(saying, 20);
    expectTyped(await saying.stop());
    await saying.expectKept();
    expect(await metricsOf(server)).toMatch(engineUp("log", true));
  }, 60_000);

  test("without Redis it goes on, and a gauge tells", async () => {
    const redis = await start("redis");
    const server = await startServer({ PARLEY_EPHEMERAL: redis.url });
    const saying = await keepSaying(server);
    const isUp = (expected: boolean) =>
      until(async () => (engineUp("ephemeral", expected).test(await metricsOf(server)) ? "" : `not ${expected}`));
    await isUp(true);
    await redis.nodes[0]?.kill();
    await isUp(false);
    expect(await readiness(server)).toBe("ready");
    expect(server.output()).toContain("Redis is away");
    await untilMore(saying, 20);
    await redis.nodes[0]?.restart();
    await isUp(true);
    expect(await saying.stop()).toEqual([]);
  }, 60_000);

  test("without its store it says so, and loses nothing", async () => {
    const [nats, cql] = await Promise.all([start("nats"), start("cql", { syncAlways: true })]);
    const store = `${cql.url}/shop?replication=1`;
    const settings = { ...parseCqlUrl("PARLEY_STORE", store), logger: pino({ level: "silent" }) };
    await migrateCql(settings, cqlMigrations(storeMigrations));
    const server = await startServer({ ...logOn(nats), PARLEY_STORE: store });
    const saying = await keepSaying(server);
    await untilMore(saying, 20);
    await cql.nodes[0]?.kill();
    await untilNotReady(server, "no node of the store answers");
    expect(await metricsOf(server)).toMatch(engineUp("store", false));
    await cql.nodes[0]?.restart();
    await untilReady(server);
    await untilMore(saying, 20);
    expectTyped(await saying.stop());
    await saying.expectKept();
  }, 180_000);

  test("on a full disk of NATS it says so, fails sends with a reason, and loses nothing", async ({ skip }) => {
    const disk = smallDisk(skip);
    const nats = await start("nats", { folder: disk.folder });
    const server = await startServer(logOn(nats));
    const saying = await keepSaying(server, "x".repeat(4_000));
    await untilMore(saying, 20);
    disk.fill();
    await untilNotReady(server, /shard \d waits for the log to take a record: see that it has room/);
    disk.empty();
    // It takes nothing more for a stream that a write has failed for, until it is started again.
    await nats.nodes[0]?.restart();
    await untilReady(server);
    await untilMore(saying, 20);
    expectTyped(await saying.stop());
    await saying.expectKept();
  }, 90_000);
});

function smallDisk(skip: (reason: string) => void): Disk {
  const folder = newFolder();
  const endings = createEndings();
  onTestFinished(() => endings.run());
  try {
    return mountDisk(folder, 32, endings);
  } catch (error) {
    if (process.env.CI === "true") throw error;
    skip("not run: this user may not mount a small disk");
    throw new Error("skipped");
  }
}
