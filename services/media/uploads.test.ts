import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MediaErrorReason } from "#gen/parley/media/v1/errors_pb.js";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";
import { deviceId, sessionId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { mediaId } from "./media-id.ts";
import { uploadTtlMs } from "./sweeping.ts";
import { chunkBytes, createFile, download, sendFrom } from "./testing/file.ts";
import { openMedia } from "./testing/service.ts";
import { maxUnfinishedUploads } from "./uploads.ts";

const [ada, bob] = [person(), person()];
let media: Awaited<ReturnType<typeof openMedia>>;

beforeEach(async () => {
  media = await openMedia();
  media.conversation.add(ada.userId);
  media.conversation.add(bob.userId);
});

afterEach(() => media.close());

function person(): UserIdentity {
  return { kind: "user", userId: userId(uuidv7()), deviceId: deviceId(uuidv7()), sessionId: sessionId(uuidv7()) };
}

const begin = (announced: ReturnType<typeof createFile>["announced"], clientId = uuidv7(), who = ada) =>
  media.client.createUpload({ ...announced, clientId }, callAs(who));
const sendChunk = (uploadId: string, offset: number, data: Uint8Array, who = ada) =>
  media.client.uploadChunk({ clientId: uuidv7(), uploadId, offset: BigInt(offset), data }, callAs(who));
const complete = (uploadId: string, who = ada) =>
  media.client.completeUpload({ clientId: uuidv7(), uploadId }, callAs(who));
const offsetOf = async (uploadId: string, who = ada) =>
  Number((await media.client.getUpload({ uploadId }, callAs(who))).offset);
const newFile = (size: number) => createFile(media.conversation.id, size);
const failsWith = (reason: MediaErrorReason) => expect.objectContaining({ reason });

test("a file comes back as it was, with its description", async () => {
  const { bytes, announced } = newFile(2 * chunkBytes + 1);
  const { uploadId, offset } = await begin(announced);
  expect(offset).toBe(0n);
  await sendFrom(media.client, uploadId, bytes, 0, callAs(ada));
  const { media: file } = await complete(uploadId);
  expect(file).toMatchObject({ ...announced, uploaderId: ada.userId });
  expect((await download(media.client, { mediaId: file?.mediaId ?? "" }, callAs(bob))).bytes.equals(bytes)).toBe(true);
});

test("repeating any call changes nothing", async () => {
  const { bytes, announced } = newFile(1000);
  const clientId = uuidv7();
  const first = await begin(announced, clientId);
  expect(await begin(announced, clientId)).toEqual(first);
  await sendChunk(first.uploadId, 0, bytes.subarray(0, 600));
  expect(await sendChunk(first.uploadId, 0, bytes.subarray(0, 600))).toMatchObject({ offset: 600n });
  expect(await sendChunk(first.uploadId, 100, bytes.subarray(100, 200))).toMatchObject({ offset: 600n });
  expect((await begin(announced, clientId)).offset).toBe(600n);
  await sendChunk(first.uploadId, 600, bytes.subarray(600));
  const done = await complete(first.uploadId);
  expect(await complete(first.uploadId)).toEqual(done);
  expect(await sendChunk(first.uploadId, 600, bytes.subarray(600))).toMatchObject({ offset: 1000n });
  expect(await begin(announced, clientId)).toMatchObject({ uploadId: first.uploadId, offset: 1000n });
  expect(await offsetOf(first.uploadId)).toBe(1000);
});

test("a client id with other content is refused", async () => {
  const { announced } = newFile(10);
  const clientId = uuidv7();
  await begin(announced, clientId);
  await expect(begin({ ...announced, fileName: "other.png" }, clientId)).rejects.toMatchObject({
    code: Code.AlreadyExists,
    reason: MediaErrorReason.CLIENT_ID_REUSED,
  });
  const ofAnotherDevice = { ...ada, deviceId: deviceId(uuidv7()) };
  await expect(begin({ ...announced, fileName: "other.png" }, clientId, ofAnotherDevice)).resolves.toBeDefined();
});

test("chunks out of order, with other bytes or beyond the end are refused, and nothing of them stays", async () => {
  const { bytes, announced } = newFile(1000);
  const { uploadId } = await begin(announced);
  const wrongOffset = { code: Code.FailedPrecondition, reason: MediaErrorReason.WRONG_OFFSET };
  await expect(sendChunk(uploadId, 500, bytes.subarray(500))).rejects.toMatchObject(wrongOffset);
  await sendChunk(uploadId, 0, bytes.subarray(0, 500));
  await expect(sendChunk(uploadId, 499, bytes.subarray(499))).rejects.toMatchObject(wrongOffset);
  await expect(sendChunk(uploadId, 0, new Uint8Array(500))).rejects.toMatchObject(wrongOffset);
  await expect(sendChunk(uploadId, 500, Buffer.alloc(501))).rejects.toMatchObject({
    code: Code.InvalidArgument,
    reason: MediaErrorReason.BEYOND_SIZE,
  });
  expect(await offsetOf(uploadId)).toBe(500);
  await sendChunk(uploadId, 500, bytes.subarray(500));
  await expect(complete(uploadId)).resolves.toBeDefined();
});

test("of chunks sent at once for the same place one is taken, however many are sent", async () => {
  const { bytes, announced } = newFile(4000);
  const { uploadId } = await begin(announced);
  for (let offset = 0; offset < 4000; offset += 1000) {
    const right = bytes.subarray(offset, offset + 1000);
    const wrong = Buffer.alloc(1000, 1);
    const results = await Promise.allSettled(
      [right, right, wrong, right].map((data) => sendChunk(uploadId, offset, data)),
    );
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
  }
  expect((await complete(uploadId)).media?.size).toBe(4000n);
});

test("an upload that is not whole can go on, and one with a wrong digest is gone", async () => {
  const { bytes, announced } = newFile(1000);
  const clientId = uuidv7();
  const { uploadId } = await begin({ ...announced, sha256: Buffer.alloc(32) }, clientId);
  await sendChunk(uploadId, 0, bytes.subarray(0, 999));
  await expect(complete(uploadId)).rejects.toMatchObject({
    code: Code.FailedPrecondition,
    reason: MediaErrorReason.INCOMPLETE,
  });
  await sendChunk(uploadId, 999, bytes.subarray(999));
  await expect(complete(uploadId)).rejects.toMatchObject({
    code: Code.DataLoss,
    reason: MediaErrorReason.WRONG_DIGEST,
  });
  await expect(complete(uploadId)).rejects.toThrow(failsWith(MediaErrorReason.NOT_FOUND));
  expect(await media.deps.blobs.stat(mediaId(uploadId))).toEqual({ size: 0, sealed: false });
  const again = await begin({ ...announced, sha256: Buffer.alloc(32) }, clientId);
  expect(again).toMatchObject({ uploadId, offset: 0n });
});

test("another user's upload is not there", async () => {
  const { bytes, announced } = newFile(10);
  const { uploadId } = await begin(announced);
  const notFound = { code: Code.NotFound, reason: MediaErrorReason.NOT_FOUND };
  await expect(sendChunk(uploadId, 0, bytes, bob)).rejects.toMatchObject(notFound);
  await expect(complete(uploadId, bob)).rejects.toMatchObject(notFound);
  await expect(offsetOf(uploadId, bob)).rejects.toMatchObject(notFound);
  await sendChunk(uploadId, 0, bytes);
  await complete(uploadId);
  await expect(complete(uploadId, bob)).rejects.toMatchObject(notFound);
  await expect(sendChunk(uploadId, 0, bytes, bob)).rejects.toMatchObject(notFound);
});

test("only members upload, from the beginning to the end", async () => {
  const { bytes, announced } = newFile(10);
  const notAMember = { code: Code.PermissionDenied, reason: MediaErrorReason.NOT_A_MEMBER };
  await expect(begin(announced, uuidv7(), person())).rejects.toMatchObject(notAMember);
  const { uploadId } = await begin(announced);
  await sendChunk(uploadId, 0, bytes);
  media.conversation.remove(ada.userId);
  await expect(complete(uploadId)).rejects.toMatchObject(notAMember);
  await expect(begin(announced)).rejects.toMatchObject(notAMember);
  media.conversation.add(ada.userId);
  await expect(complete(uploadId)).resolves.toBeDefined();
});

test("unfinished uploads of a user are counted, also those begun at once", async () => {
  const files = Array.from({ length: maxUnfinishedUploads + 2 }, (_, index) => newFile(index + 1));
  const clientIds = files.map(() => uuidv7());
  const results = await Promise.allSettled(files.map(({ announced }, index) => begin(announced, clientIds[index])));
  expect(results.filter(({ status }) => status === "rejected")).toEqual(
    Array(2).fill({ status: "rejected", reason: failsWith(MediaErrorReason.TOO_MANY_UPLOADS) }),
  );
  const [first] = results;
  if (first?.status !== "fulfilled" || !files[0]) throw new Error("the first upload was refused");
  await sendChunk(first.value.uploadId, 0, files[0].bytes);
  await complete(first.value.uploadId);
  const refused = files.at(-1)?.announced;
  if (refused) await expect(begin({ ...refused, fileName: "renamed.png" }, clientIds.at(-1))).resolves.toBeDefined();
});

test("an upload goes on after a restart", async () => {
  const { bytes, announced } = newFile(3 * chunkBytes);
  const clientId = uuidv7();
  const { uploadId } = await begin(announced, clientId);
  await sendChunk(uploadId, 0, bytes.subarray(0, chunkBytes));
  await media.restart();
  expect(await begin(announced, clientId)).toMatchObject({ uploadId, offset: BigInt(chunkBytes) });
  await sendFrom(media.client, uploadId, bytes, await offsetOf(uploadId), callAs(ada));
  await complete(uploadId);
  await media.restart();
  expect((await download(media.client, { mediaId: uploadId }, callAs(bob))).bytes.equals(bytes)).toBe(true);
});

test("a crash between the file and its row is mended by completing again", async () => {
  const { bytes, announced } = newFile(1000);
  const { uploadId } = await begin(announced);
  await sendChunk(uploadId, 0, bytes);
  await media.deps.blobs.seal(mediaId(uploadId));
  await media.restart();
  expect((await complete(uploadId)).media?.mediaId).toBe(uploadId);
});

test("uploads that were given up are removed after a day, others and complete files stay", async () => {
  const [givenUp, sealed, done, young] = [newFile(10), newFile(11), newFile(12), newFile(13)];
  const ids: string[] = [];
  for (const { announced, bytes } of [givenUp, sealed, done]) {
    const { uploadId } = await begin(announced);
    await sendChunk(uploadId, 0, bytes);
    ids.push(uploadId);
  }
  const [givenUpId = "", sealedId = "", doneId = ""] = ids;
  await media.deps.blobs.seal(mediaId(sealedId));
  await complete(doneId);
  media.time.now += 1;
  const { uploadId: youngId } = await begin(young.announced);
  media.time.now += uploadTtlMs;
  await media.sweep();
  await media.sweep();
  for (const id of [givenUpId, sealedId]) {
    await expect(offsetOf(id)).rejects.toMatchObject({ reason: MediaErrorReason.NOT_FOUND });
    expect(await media.deps.blobs.stat(mediaId(id))).toEqual({ size: 0, sealed: false });
  }
  expect(await offsetOf(doneId)).toBe(12);
  expect(await offsetOf(youngId)).toBe(0);
});
