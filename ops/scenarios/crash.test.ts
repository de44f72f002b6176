import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import { createBackoff, type Parley, sleep } from "../../clients/sdk/node/index.ts";
import { type Crew, createRandom, eventsOf, openCrew, textOf } from "./crew.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

const crashes = 10;
const senders = 6;
/** Acknowledgements between two crashes, at least. */
const between = 60;
const random = createRandom(11);

let dataDir: string;
let server: ServerProcess;
let crew: Crew;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-crash-"));
  server = await startServerProcess(dataDir);
  crew = await openCrew(server.url, dataDir, [..."abcdef", "reader", "idler"]);
});

afterEach(async () => {
  await crew?.close();
  await server?.stop();
  rmSync(dataDir, { recursive: true });
});

test("killed ten times while six people send: nothing acknowledged is lost, nothing is there twice", {
  timeout: 120_000,
}, async () => {
  const devices = await Promise.all(crew.userIds.map((_, person) => crew.device(person)));
  const [creator, reader, idler] = [devices[0], devices.at(-2), devices.at(-1)];
  if (!creator || !reader || !idler) throw new Error("nobody is there");
  const group = await creator.conversations.createGroup({ name: "all", memberIds: crew.userIds.slice(1) });
  const { conversationId } = group;

  const acknowledged = new Map<string, bigint>();
  const stop = new AbortController();
  const sending = devices
    .slice(0, senders)
    .map((device, index) => keepSending(device, conversationId, index, acknowledged, stop.signal));
  for (let crash = 0; crash < crashes; crash++) {
    const goal = acknowledged.size + between + random(between);
    await until(() => (acknowledged.size >= goal ? "" : `${acknowledged.size} of ${goal} acknowledged`), 30_000);
    await server.stop("SIGKILL");
    server = await startServerProcess(dataDir, { PARLEY_LISTEN: new URL(server.url).host });
  }
  stop.abort();
  await Promise.all(sending);

  const events = (await eventsOf(reader, conversationId)).slice(1);
  expect(events.map(({ seq }) => Number(seq))).toEqual(events.map((_, index) => index + 2));
  const stored = new Map(events.map((event) => [textOf(event), event.seq]));
  expect(stored.size).toBe(events.length);
  expect([...stored].sort()).toEqual([...acknowledged].sort());

  expect(await unreadOf(idler, conversationId)).toEqual({ count: Math.min(events.length, 9999), more: false });
  const mark = BigInt(1 + random(events.length));
  await reader.conversations.markRead(conversationId, mark);
  expect(await unreadOf(reader, conversationId)).toEqual({ count: events.length + 1 - Number(mark), more: false });
});

/** Sends one message after another, each again with the same client id until it is acknowledged. */
async function keepSending(
  device: Parley,
  conversationId: string,
  index: number,
  acknowledged: Map<string, bigint>,
  signal: AbortSignal,
): Promise<void> {
  const backoff = createBackoff({ firstMs: 20, maxMs: 200 });
  for (let n = 0; !signal.aborted; n++) {
    const text = `from ${index}, number ${n}`;
    const clientId = uuidOf(index, n);
    for (let seq: bigint | undefined; seq === undefined; ) {
      seq = await device.services.chat
        .sendMessage({ clientId, conversationId, content: { text } }, { timeoutMs: 5000 })
        .then(
          (sent) => sent.seq,
          () => undefined,
        );
      if (seq === undefined) await sleep(backoff.next());
      else acknowledged.set(text, seq);
    }
    backoff.reset();
  }
}

/** A client id that stands for a message in each try; they rise. */
function uuidOf(index: number, n: number): string {
  return `${(n + 1).toString(16).padStart(8, "0")}-0000-7000-8000-${index.toString(16).padStart(12, "0")}`;
}

async function unreadOf(device: Parley, conversationId: string) {
  const { unread } = await device.services.chat.getUnread({ conversationIds: [conversationId] });
  return { count: unread[0]?.count, more: unread[0]?.more };
}
