import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Interceptor } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import { type Connect, connectByHttp2, type Frame, type Parley } from "../../clients/sdk/node/index.ts";
import { openThrottle, type Throttle } from "./catch-up-throttle.ts";
import { type Crew, openCrew } from "./crew.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const backlog = 50_000;
const livePerSecond = 500;
const bytesPerSecond = 1_000_000;
/** What one call may post. */
const batch = 100;
/** Random, so that no compression widens the line. */
const textBytes = 60;

let dataDir: string;
let server: ServerProcess;
let throttle: Throttle;
let crew: Crew;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-catch-up-"));
  server = await startServerProcess(dataDir);
  throttle = await openThrottle(server.url, bytesPerSecond);
  crew = await openCrew(server.url, dataDir, ["writer", "reader"]);
});

afterEach(async () => {
  await crew?.close();
  await throttle?.close();
  await server?.stop();
  rmSync(dataDir, { recursive: true });
});

test("50,000 events behind a busy channel, over a slow line: the reader catches up, and sees each event once", {
  timeout: 180_000,
}, async () => {
  const writer = await crew.device(0);
  const kinds: string[] = [];
  const reader = await crew.device(1, throughThrottle(kinds));
  const { conversationId } = await writer.conversations.createChannel({
    name: "busy",
    memberIds: [crew.userIds[1] ?? ""],
  });
  await readUntilLive(reader);
  await post(writer, conversationId, backlog);

  kinds.length = 0;
  const stop = new AbortController();
  const reading = new AbortController();
  const seen: number[] = [];
  const writing = keepPosting(writer, conversationId, stop.signal);
  const following = follow(reader, seen, reading.signal);
  await until(() => describeBehind(seen, writing.head()), 120_000);
  stop.abort();
  await writing.ended;
  await until(() => (seen.length >= writing.head() - 1 ? "" : `${seen.length} of ${writing.head()}`), 30_000);
  reading.abort();
  await following;

  expect(kinds).toContain("limited");
  expect(throttle.passed()).toBeGreaterThan(backlog * textBytes);
  expect(seen).toEqual(Array.from({ length: writing.head() - 1 }, (_, index) => index + 2));
});

/** The reader's line, whose frames are noted by kind. */
function throughThrottle(kinds: string[]): Connect {
  const note: Interceptor = (next) => async (request) => {
    const response = await next(request);
    if (!response.stream) return response;
    async function* noted(frames: AsyncIterable<unknown>) {
      for await (const frame of frames) {
        kinds.push((frame as Frame).frame.case ?? "");
        yield frame;
      }
    }
    return { ...response, message: noted(response.message) } as typeof response;
  };
  return (_, interceptors) => connectByHttp2(throttle.url, [...interceptors, note]);
}

/** Has the reader's place kept, so that it resumes from here. */
async function readUntilLive(reader: Parley): Promise<void> {
  for await (const event of reader.sync()) if (event.type === "state" && event.state === "live") return;
}

async function post(writer: Parley, conversationId: string, count: number): Promise<void> {
  let left = count;
  const loops = Array.from({ length: 8 }, async () => {
    while (left > 0) {
      left -= batch;
      await postBatch(writer, conversationId, batch);
    }
  });
  await Promise.all(loops);
}

async function postBatch(writer: Parley, conversationId: string, count: number): Promise<number> {
  const items = Array.from({ length: count }, () => ({
    clientId: nextId(),
    content: { text: randomBytes(textBytes).toString("base64") },
  }));
  const { results } = await writer.services.chat.sendMessages({ conversationId, items });
  const seqs = results.map(({ outcome }) => (outcome.case === "sent" ? Number(outcome.value.seq) : Number.NaN));
  return Math.max(...seqs);
}

let lastId = 0;
function nextId(): string {
  return `${(++lastId).toString(16).padStart(8, "0")}-0000-7000-8000-000000000000`;
}

/** Posts at the channel's pace until the signal aborts. */
function keepPosting(writer: Parley, conversationId: string, signal: AbortSignal) {
  const pauseMs = 50;
  let head = 0;
  const run = async () => {
    const start = performance.now();
    for (let posted = 0; !signal.aborted; ) {
      const due = Math.floor(((performance.now() - start) / 1000) * livePerSecond);
      const count = Math.min(batch, due - posted);
      if (count > 0) head = Math.max(head, await postBatch(writer, conversationId, count));
      posted += Math.max(0, count);
      await wait(pauseMs);
    }
  };
  return { ended: run(), head: () => head };
}

async function follow(reader: Parley, seen: number[], signal: AbortSignal): Promise<void> {
  for await (const event of reader.sync({ signal })) {
    if (event.type === "message") seen.push(Number(event.seq));
  }
}

/** Caught up: less than a second of the channel behind its head. */
function describeBehind(seen: readonly number[], head: number): string {
  const last = seen.at(-1) ?? 0;
  return head > backlog && head - last < livePerSecond ? "" : `the reader is at ${last} of ${head}`;
}
