import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { testWithTools } from "#platform/testing/tool.ts";
import { until } from "#platform/testing/until.ts";
import { openCrew } from "./crew.ts";
import { checkDurability, type SentMessage, type TraceVerdict } from "./durability-trace.ts";
import { startServerProcess } from "./server-process.ts";

const senders = 8;
const messagesEach = 6;
/** Longer than a message, shorter than a page: see `SentMessage.marker`. */
const padding = " . ".repeat(40);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-durability-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

testWithTools(
  ["strace"],
  "no acknowledgement leaves before the sync of its group returned",
  async () => {
    const { violations, syncs } = await traceSends({});
    expect(violations).toEqual([]);
    expect(syncs).toBeGreaterThan(0);
    expect(syncs).toBeLessThan(senders * messagesEach);
  },
  60_000,
);

testWithTools(
  ["strace"],
  "without syncing, every acknowledgement is found to be early",
  async () => {
    const { violations, syncs } = await traceSends({ PARLEY_LOG: "sqlite:?synchronous=off" });
    expect(violations).toHaveLength(senders * messagesEach);
    expect(violations[0]).toMatch(/was acknowledged before its sync returned$/);
    expect(syncs).toBe(0);
  },
  60_000,
);

/** Lets several people send at once to a server whose system calls are written down. */
async function traceSends(env: Readonly<Record<string, string>>): Promise<TraceVerdict> {
  const dataDir = join(folder, "data");
  const tracePath = join(folder, "trace");
  const calls = "trace=pwrite64,pwritev,fsync,fdatasync,write,writev,sendto,sendmsg";
  const strace = ["strace", "-D", "-f", "-y", "-s", "16384", "-e", calls, "-e", "signal=none", "-o", tracePath];
  const server = await startServerProcess(dataDir, env, strace);
  let messages: SentMessage[];
  try {
    await using crew = await openCrew(server.url, dataDir, ["sender"]);
    const device = await crew.device(0);
    const { conversationId } = await device.conversations.createGroup({ name: "traced" });
    const { session } = await crew.operator.auth.issueSession({
      userId: crew.userIds[0] ?? "",
      device: { id: crypto.randomUUID(), name: "" },
    });
    const send = (text: string) => sendAsJson(server.url, session?.accessToken ?? "", conversationId, text);
    messages = (await Promise.all(Array.from({ length: senders }, (_, sender) => sendSeveral(send, sender)))).flat();
  } finally {
    await server.stop();
  }
  const readTrace = () => readFileSync(tracePath, "latin1");
  const ended = new RegExp(`^${server.pid} +\\+\\+\\+ exited with`, "m");
  await until(() => (ended.test(readTrace()) ? "" : "the trace has not ended"));
  return checkDurability(readTrace(), messages, join(dataDir, "log.db-wal"));
}

/** One after the other, so that later groups are seen too. */
async function sendSeveral(send: (text: string) => Promise<string>, sender: number): Promise<SentMessage[]> {
  const messages: SentMessage[] = [];
  for (let n = 0; n < messagesEach; n++) {
    const marker = `<marker ${sender}.${n}>`;
    const seq = await send(marker + padding + marker);
    messages.push({ marker, acknowledgement: `{\\"seq\\":\\"${seq}\\",` });
  }
  return messages;
}

/** As JSON over HTTP/1.1, whose acknowledgements can be read in the trace. Returns the message's `seq`. */
async function sendAsJson(url: string, token: string, conversationId: string, text: string): Promise<string> {
  const clientId = crypto.randomUUID();
  const response = await fetch(`${url}/parley.chat.v1.ChatService/SendMessage`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ clientId, conversationId, content: { text } }),
  });
  const answer = (await response.json()) as { readonly seq?: string };
  if (!response.ok || !answer.seq) throw new Error(JSON.stringify(answer));
  return answer.seq;
}
