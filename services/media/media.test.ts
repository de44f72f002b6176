import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { MediaErrorReason, MediaErrorSchema } from "#gen/parley/media/v1/errors_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { joinStack } from "../testing/joined-stack.ts";
import type { ClientOptions, Stack, TestUser } from "../testing/stack.ts";
import { maxPartBytes } from "./blobs/blob-store.ts";
import { chunkBytes, createFile, download, sendFrom } from "./testing/file.ts";

const largestFile = 10_485_760;

let stack: Stack;
let ada: TestUser;
let bob: TestUser;
let eve: TestUser;
let conversationId: string;

beforeAll(async () => {
  stack = await joinStack();
  [ada, bob, eve] = await Promise.all([
    stack.registerUser("ada"),
    stack.registerUser("bob"),
    stack.registerUser("eve"),
  ]);
  const { conversation } = await ada.client(ChatService).createConversation({
    clientId: uuidv7(),
    kind: ConversationKind.GROUP,
    name: "Heart of Gold",
    memberIds: [bob.userId],
  });
  conversationId = conversation?.conversationId ?? "";
});

afterAll(() => stack.stop());

async function upload(size: number, options?: ClientOptions): Promise<{ mediaId: string; bytes: Buffer }> {
  const client = ada.client(MediaService, options);
  const { bytes, announced } = createFile(conversationId, size);
  const { uploadId } = await client.createUpload({ ...announced, clientId: uuidv7() });
  await sendFrom(client, uploadId, bytes, 0);
  const { media } = await client.completeUpload({ clientId: uuidv7(), uploadId });
  return { mediaId: media?.mediaId ?? "", bytes };
}

test("the largest file goes through the port and comes back", async () => {
  const { mediaId, bytes } = await upload(largestFile);
  const got = await download(bob.client(MediaService), { mediaId });
  expect(createHash("sha256").update(got.bytes).digest()).toEqual(createHash("sha256").update(bytes).digest());
  expect(got.largest).toBeLessThanOrEqual(maxPartBytes);
});

test.each<ClientOptions>([
  { protocol: "grpc-web", httpVersion: "1.1" },
  { protocol: "connect", httpVersion: "2" },
  { protocol: "connect-json", httpVersion: "1.1" },
])("a file goes through $protocol over HTTP/$httpVersion", async (options) => {
  const { mediaId, bytes } = await upload(2 * chunkBytes + 1, options);
  const got = await download(bob.client(MediaService, options), { mediaId });
  expect(got.bytes.equals(bytes)).toBe(true);
});

test("a download is read no faster than it is taken, and holds no file open meanwhile", async () => {
  const { mediaId } = await upload(largestFile);
  let received = 0;
  const reading = (async () => {
    for await (const { part } of bob.client(MediaService).download({ mediaId })) {
      if (part.case !== "data") continue;
      if (received === 0) await rm(join(stack.dataDir, "blobs/sealed", mediaId.slice(-2), mediaId));
      received += part.value.length;
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: Code.Internal });
  expect(received).toBeLessThan(largestFile);
});

test("a file follows the membership of its conversation", async () => {
  const chat = ada.client(ChatService);
  const before = await upload(10);
  await chat.addMembers({ clientId: uuidv7(), conversationId, userIds: [eve.userId] });
  const during = await upload(10);
  await chat.removeMember({ clientId: uuidv7(), conversationId, userId: eve.userId });
  const after = await upload(10);
  await expect(eve.client(MediaService).getMedia({ mediaId: during.mediaId })).resolves.toBeDefined();
  for (const { mediaId } of [before, after]) {
    await expect(eve.client(MediaService).getMedia({ mediaId })).rejects.toMatchObject({ code: Code.NotFound });
  }
});

test("who is not a member can't upload, and a failure tells its reason", async () => {
  const { announced } = createFile(conversationId, 10);
  const call = eve.client(MediaService).createUpload({ ...announced, clientId: uuidv7() });
  const failure = ConnectError.from(await call.catch((error: unknown) => error));
  expect(failure.code).toBe(Code.PermissionDenied);
  expect(failure.findDetails(MediaErrorSchema)).toMatchObject([{ reason: MediaErrorReason.NOT_A_MEMBER }]);
});

test.each<[string, Partial<ReturnType<typeof createFile>["announced"]>]>([
  ["an empty file", { size: 0n }],
  ["a negative size", { size: -1n }],
  ["a file that is too large", { size: BigInt(largestFile) + 1n }],
  ["a digest of the wrong length", { sha256: new Uint8Array(31) }],
  ["a name with a path", { fileName: "../towel.png" }],
  ["a name with a backslash", { fileName: "..\\towel.png" }],
  ["an empty name", { fileName: "" }],
  ["a media type with a line break", { contentType: "image/png\r\nx: y" }],
  ["a conversation that is none", { conversationId: "heart of gold" }],
])("%s is refused", async (_, change) => {
  const { announced } = createFile(conversationId, 10);
  const call = ada.client(MediaService).createUpload({ ...announced, ...change, clientId: uuidv7() });
  await expect(call).rejects.toMatchObject({ code: Code.InvalidArgument });
});

test("a chunk that is too large or starts before the file is refused", async () => {
  const client = ada.client(MediaService);
  const { announced } = createFile(conversationId, largestFile);
  const { uploadId } = await client.createUpload({ ...announced, clientId: uuidv7() });
  const chunks = [
    { offset: 0n, data: new Uint8Array(chunkBytes + 1) },
    { offset: 0n, data: new Uint8Array() },
    { offset: -1n, data: new Uint8Array(1) },
  ];
  for (const chunk of chunks) {
    await expect(client.uploadChunk({ ...chunk, uploadId, clientId: uuidv7() })).rejects.toMatchObject({
      code: Code.InvalidArgument,
    });
  }
  expect((await client.getUpload({ uploadId })).offset).toBe(0n);
});

test("who joins later reads a file from before only by a message that they see and that shows it", async () => {
  const { mediaId, bytes } = await upload(10);
  const chat = ada.client(ChatService);
  const post = async (content: { text: string; attachments?: { mediaId: string }[] }) =>
    (await chat.sendMessage({ clientId: uuidv7(), conversationId, content })).seq;
  const shown = { text: "", attachments: [{ mediaId }] };
  const early = await post(shown);
  const zoe = await stack.registerUser("zoe");
  await chat.addMembers({ clientId: uuidv7(), conversationId, userIds: [zoe.userId] });
  const [other, late] = [await post({ text: "nothing to see" }), await post(shown)];
  const read = (messageSeq: bigint) => download(zoe.client(MediaService), { mediaId, messageSeq });
  for (const messageSeq of [0n, early, other, late + 1n, 2n ** 63n]) {
    const failure = await read(messageSeq).catch(ConnectError.from);
    expect(failure instanceof ConnectError && failure.findDetails(MediaErrorSchema)[0]?.reason).toBe(
      MediaErrorReason.NOT_FOUND,
    );
  }
  expect((await read(late)).bytes.equals(bytes)).toBe(true);
});
