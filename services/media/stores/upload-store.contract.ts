import { expect, test } from "vitest";
import { clientId, deviceId, newConversationId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { mediaId } from "../media-id.ts";
import type { Upload, UploadStore } from "./upload-store.ts";

/** What holds of every engine that uploads are kept in. Times are far apart from those of other tests. */
export function describeUploadStore(engine: string, open: () => UploadStore): void {
  const upload = (createdAt: number): Upload => ({
    id: mediaId(uuidv7()),
    userId: userId(uuidv7()),
    conversationId: newConversationId(1),
    fileName: "towel.png",
    contentType: "image/png",
    size: 42,
    sha256: new Uint8Array(32).fill(7),
    createdAt,
  });

  test(`${engine}: the first claim of a call stands`, async () => {
    const store = open();
    const key = { userId: userId(uuidv7()), deviceId: deviceId(uuidv7()), clientId: clientId(uuidv7()) };
    const claims = [1, 2].map((byte) => ({ id: mediaId(uuidv7()), contentHash: new Uint8Array(32).fill(byte) }));
    expect(await store.readClaim(key)).toBeUndefined();
    const results = await Promise.all(claims.map((claim) => store.claim(key, claim)));
    expect(results[1]).toEqual(results[0]);
    expect(await store.readClaim(key)).toEqual(results[0]);
    expect(await store.readClaim({ ...key, deviceId: deviceId(uuidv7()) })).toBeUndefined();
  });

  test(`${engine}: an upload belongs to its user and is removed once`, async () => {
    const store = open();
    const one = upload(5_000_000);
    await store.create(one);
    await store.create({ ...one, fileName: "late.png" });
    expect(await store.read(one.userId, one.id)).toEqual(one);
    expect(await store.read(userId(uuidv7()), one.id)).toBeUndefined();
    expect(await store.count(one.userId)).toBe(1);
    await store.remove(one);
    await store.remove(one);
    expect(await store.read(one.userId, one.id)).toBeUndefined();
    expect(await store.count(one.userId)).toBe(0);
  });

  test(`${engine}: old uploads are listed until they are removed, as many as asked for`, async () => {
    const store = open();
    const old = Array.from({ length: 20 }, (_, index) => upload(index + 1));
    const young = upload(21);
    for (const one of [...old, young]) await store.create(one);
    const listed = await store.listCreatedBefore(21, 100);
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(old.map(({ id }) => id)));
    expect(await store.listCreatedBefore(21, 7)).toHaveLength(7);
    for (const one of listed) await store.remove(one);
    expect(await store.listCreatedBefore(21, 100)).toEqual([]);
  });
}
