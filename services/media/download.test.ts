import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MediaErrorReason } from "#gen/parley/media/v1/errors_pb.js";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";
import { deviceId, sessionId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { maxPartBytes } from "./blobs/blob-store.ts";
import { createFile, download, sendFrom } from "./testing/file.ts";
import { openMedia } from "./testing/service.ts";

const [ada, bob, eve] = [person(), person(), person()];
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

async function upload(size: number): Promise<{ mediaId: string; bytes: Buffer }> {
  const { bytes, announced } = createFile(media.conversation.id, size);
  const { uploadId } = await media.client.createUpload({ ...announced, clientId: uuidv7() }, callAs(ada));
  await sendFrom(media.client, uploadId, bytes, 0, callAs(ada));
  await media.client.completeUpload({ clientId: uuidv7(), uploadId }, callAs(ada));
  return { mediaId: uploadId, bytes };
}

const notFound = { code: Code.NotFound, reason: MediaErrorReason.NOT_FOUND };

test("a download begins with the description and goes on from any byte in small parts", async () => {
  const { mediaId, bytes } = await upload(3 * maxPartBytes + 1);
  for (const offset of [0, 1, maxPartBytes, bytes.length - 1, bytes.length]) {
    const got = await download(media.client, { mediaId, offset: BigInt(offset) }, callAs(bob));
    expect(got.mediaId).toBe(mediaId);
    expect(got.bytes.equals(bytes.subarray(offset))).toBe(true);
    expect(got.largest).toBeLessThanOrEqual(maxPartBytes);
  }
  expect((await download(media.client, { mediaId, offset: 2n ** 62n }, callAs(bob))).bytes).toHaveLength(0);
});

test("whoever is not in the conversation can't tell whether a file exists", async () => {
  const { mediaId } = await upload(10);
  for (const id of [mediaId, uuidv7()]) {
    await expect(media.client.getMedia({ mediaId: id }, callAs(eve))).rejects.toMatchObject(notFound);
    await expect(download(media.client, { mediaId: id }, callAs(eve))).rejects.toMatchObject(notFound);
  }
});

test("an upload is no file before it is complete", async () => {
  const { announced } = createFile(media.conversation.id, 10);
  const { uploadId } = await media.client.createUpload({ ...announced, clientId: uuidv7() }, callAs(ada));
  await expect(download(media.client, { mediaId: uploadId }, callAs(ada))).rejects.toMatchObject(notFound);
});

test("who was removed reads the files from before and none from after", async () => {
  const before = await upload(10);
  media.conversation.post();
  media.conversation.remove(bob.userId);
  const after = await upload(10);
  await expect(media.client.getMedia({ mediaId: before.mediaId }, callAs(bob))).resolves.toBeDefined();
  await expect(media.client.getMedia({ mediaId: after.mediaId }, callAs(bob))).rejects.toMatchObject(notFound);
  media.conversation.add(bob.userId);
  await expect(media.client.getMedia({ mediaId: after.mediaId }, callAs(bob))).rejects.toMatchObject(notFound);
  const again = await upload(10);
  await expect(media.client.getMedia({ mediaId: again.mediaId }, callAs(bob))).resolves.toBeDefined();
});

test("a download that is aborted ends", async () => {
  const { mediaId } = await upload(10 * maxPartBytes);
  const abort = new AbortController();
  const parts = media.client.download({ mediaId }, callAs(bob, { signal: abort.signal }));
  await expect(
    (async () => {
      for await (const { part } of parts) if (part.case === "data") abort.abort();
    })(),
  ).rejects.toThrow("aborted");
});
