import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { CloseReason, DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { LogService } from "#gen/parley/log/v1/log_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { until } from "#platform/testing/until.ts";
import { Frames } from "../../gateway/testing/frames.ts";
import { stopGraceMs } from "../../services/server.ts";
import { callersOf, type TestUser } from "../../services/testing/stack.ts";
import { type ServerProcess, startServerProcess } from "./server-process.ts";

let dataDir: string;
let core: ServerProcess;
/** Two of them, so that what one hears of the other comes by the core. */
let gateways: ServerProcess[];
const open: Frames[] = [];

const startCore = (env: Record<string, string> = {}) => startServerProcess(dataDir, { PARLEY_SHARDS: "4", ...env });
const startGateway = (env: Record<string, string> = {}) =>
  startServerProcess(dataDir, { PARLEY_TARGETS: "gateway", PARLEY_PEERS: core.url, ...env });

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-gateways-"));
  core = await startCore();
  gateways = await Promise.all([startGateway(), startGateway()]);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((frames) => frames.end()));
});
afterAll(async () => {
  await Promise.all([...gateways, core].map((process) => process.stop()));
  rmSync(dataDir, { recursive: true, force: true });
});

const at = (index: number) => callersOf(gateways[index]?.url ?? "");
/** The same person, calling another gateway. */
const through = (index: number, { token }: TestUser) => ({
  chat: at(index).client(ChatService, { token }),
  delivery: at(index).client(DeliveryService, { token }),
});
const person = () => at(0).registerUser(`p${uuidv7().replaceAll("-", "").slice(-20)}`);

async function makeGroup(owner: TestUser, ...others: TestUser[]): Promise<string> {
  const { conversation } = await owner.client(ChatService).createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.GROUP,
    name: "us",
    memberIds: others.map(({ userId }) => userId),
  });
  return conversation?.conversationId ?? "";
}

async function listen(index: number, user: TestUser, token = ""): Promise<Frames> {
  const { delivery } = through(index, user);
  const frames = new Frames((signal) => delivery.subscribe({ token }, { signal }));
  open.push(frames);
  await frames.find("caughtUp");
  return frames;
}

const say = (user: TestUser, conversationId: string, text: string, index = 0) =>
  through(index, user).chat.sendMessage({ clientId: uuidv7(), conversationId, content: { text } });

async function readiness(process: ServerProcess): Promise<string> {
  return await (await fetch(`${process.url}/readyz`)).text();
}

test("people sign in, send and listen through gateways, each through another", async () => {
  const [ann, ben] = [await person(), await person()];
  const group = await makeGroup(ann, ben);
  const frames = await listen(1, ben);
  const { seq, after } = await say(ann, group, "hello");
  expect((await frames.find("event")).value).toMatchObject({ conversationId: group, seq, authorId: ann.userId });
  const { messages } = await through(1, ann).chat.listMessages({ conversationId: group, after });
  expect(messages.at(-1)?.content?.text).toBe("hello");
  for (const gateway of gateways) expect(await readiness(gateway)).toBe("ready\n");
  const keys = await Promise.all([core, ...gateways].map(({ url }) => fetch(`${url}/.well-known/jwks.json`)));
  expect(new Set(await Promise.all(keys.map((answer) => answer.text()))).size).toBe(1);
});

test("what one says on a stream of one gateway, others hear on another", async () => {
  const [ann, ben] = [await person(), await person()];
  const group = await makeGroup(ann, ben);
  const frames = await listen(1, ben);
  async function* requests() {
    yield { command: { case: "open", value: {} } } as const;
    const clientId = uuidv7();
    const command = { clientId, conversationId: group, content: { text: "on the stream" } };
    yield { command: { case: "send", value: command } } as const;
    await new Promise(() => {});
  }
  const talk = new Frames((signal) => through(0, ann).delivery.connect(requests(), { signal }));
  open.push(talk);
  const { seq } = (await talk.find("sent")).value;
  expect((await frames.find("event")).value.seq).toBe(seq);
  await at(0)
    .client(PresenceService, { token: ann.token })
    .setTyping({ clientId: uuidv7(), conversationId: group, typing: true });
  expect((await frames.find("typing")).value.userId).toBe(ann.userId);
});

test("a stream goes on at another gateway where it was", async () => {
  const [ann, ben] = [await person(), await person()];
  const group = await makeGroup(ann, ben);
  const token = await tokenOf(ben);
  const { seq } = await say(ann, group, "meanwhile");
  const delivery = through(1, ben).delivery;
  const frames = new Frames((signal) => delivery.subscribe({ token }, { signal }));
  open.push(frames);
  expect((await frames.find("event")).value.seq).toBe(seq);
});

async function tokenOf(user: TestUser): Promise<string> {
  const frames = new Frames((signal) => through(0, user).delivery.subscribe({}, { signal }));
  const { value } = await frames.find("caughtUp");
  await frames.end();
  return value.token;
}

test("files pass whole in both directions", async () => {
  const ann = await person();
  const media = at(0).client(MediaService, { token: ann.token });
  const conversationId = await makeGroup(ann);
  const data = Uint8Array.from({ length: 700_000 }, (_, index) => index * index);
  const { uploadId } = await media.createUpload({
    clientId: uuidv7(),
    conversationId,
    fileName: "bytes",
    contentType: "application/octet-stream",
    size: BigInt(data.length),
    sha256: createHash("sha256").update(data).digest(),
  });
  for (let offset = 0; offset < data.length; offset += 200_000) {
    const chunk = { clientId: uuidv7(), uploadId, offset: BigInt(offset) };
    await media.uploadChunk({ ...chunk, data: data.subarray(offset, offset + 200_000) });
  }
  const { media: file } = await media.completeUpload({ clientId: uuidv7(), uploadId });
  const parts: Uint8Array[] = [];
  for await (const { part } of media.download({ mediaId: file?.mediaId ?? "" })) {
    if (part.case === "data") parts.push(part.value);
  }
  expect(Buffer.concat(parts).equals(data)).toBe(true);
});

test("a session that ends is cut off at every gateway within 5 s", async () => {
  const ann = await person();
  const frames = await listen(1, ann);
  const start = performance.now();
  await at(0).client(AuthService, { token: ann.token }).logOut({ clientId: uuidv7() });
  expect((await frames.find("closed")).value.reason).toBe(CloseReason.SESSION_ENDED);
  const call = async (index: number) => failureOf(through(index, ann).chat.listConversations({}));
  await until(async () => {
    const reasons = await Promise.all([call(0), call(1)]);
    return reasons.every(({ reason }) => reason === PlatformErrorReason.SESSION_REVOKED) ? "" : "still let in";
  });
  expect(performance.now() - start).toBeLessThan(5_000);
});

test("methods between services are for no client, whatever it says of itself", async () => {
  const ann = await person();
  const asPeer = { "parley-peer-key": "A".repeat(43), "parley-peer-identity": "service log" };
  for (const url of [core.url, ...gateways.map((gateway) => gateway.url)]) {
    const { client } = callersOf(url);
    const auth = client(AuthService, { token: ann.token });
    const forged = await failureOf(auth.checkSessions({}, { headers: asPeer }));
    expect(forged.reason).toBe(PlatformErrorReason.UNAUTHENTICATED);
    expect((await failureOf(auth.checkSessions({}))).reason).toBe(PlatformErrorReason.WRONG_CREDENTIAL);
    const log = client(LogService, { token: ann.token });
    const read = await failureOf(log.read({ shard: 0 }));
    expect([PlatformErrorReason.WRONG_CREDENTIAL, PlatformErrorReason.UNKNOWN_METHOD]).toContain(read.reason);
  }
});

test("a gateway that can't be what it is told to be says so in a sentence", async () => {
  const keys = mkdtempSync(join(tmpdir(), "parley-keys-"));
  const other = join(keys, "other.key");
  writeFileSync(other, new Uint8Array(32), { mode: 0o600 });
  const readable = join(keys, "readable.key");
  cpSync(join(dataDir, "keys", "peer.key"), readable);
  chmodSync(readable, 0o644);
  await expect(startGateway({ PARLEY_PEER_KEY: other })).rejects.toThrow("has another key. Give both the same file");
  await expect(startGateway({ PARLEY_PEER_KEY: readable })).rejects.toThrow("can be read by others");
  await expect(startGateway({ PARLEY_PEER_KEY: join(keys, "none") })).rejects.toThrow("There is no key in");
  await expect(startGateway({ PARLEY_TARGETS: "gateway,chat" })).rejects.toThrow(
    "PARLEY_TARGETS=gateway: all else runs where the data is",
  );
  await expect(startGateway({ PARLEY_TARGETS: "gatway" })).rejects.toThrow(
    "PARLEY_PEERS is for PARLEY_TARGETS=gateway",
  );
  rmSync(keys, { recursive: true });
});

test("a core that is told to stop does not wait for its gateways, and they stop without it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-gateways-"));
  const alone = await startServerProcess(folder, { PARLEY_SHARDS: "4" });
  const beside = await startServerProcess(folder, { PARLEY_TARGETS: "gateway", PARLEY_PEERS: alone.url });
  const start = performance.now();
  await alone.stop();
  expect(performance.now() - start).toBeLessThan(stopGraceMs);
  await beside.stop();
  expect(performance.now() - start).toBeLessThan(stopGraceMs);
  rmSync(folder, { recursive: true });
});

test("while the core is away calls fail with a reason; when it is back, streams go on", async () => {
  const [ann, ben] = [await person(), await person()];
  const group = await makeGroup(ann, ben);
  const frames = await listen(1, ben);
  await core.stop("SIGKILL");
  const failure = await failureOf(say(ann, group, "into the void"));
  expect(failure).toMatchObject({ code: Code.Unavailable, reason: PlatformErrorReason.PEER_UNREACHABLE });
  await until(async () =>
    (await readiness(gateways[0] as ServerProcess)).includes("can't be reached") ? "" : "ready",
  );
  core = await startCore({ PARLEY_LISTEN: new URL(core.url).host });
  await until(async () => ((await readiness(gateways[0] as ServerProcess)) === "ready\n" ? "" : "not ready"));
  const { seq } = await say(ann, group, "again");
  for (;;) if ((await frames.find("event")).value.seq === seq) break;
});
