import { expect, test } from "vitest";
import { newConversationId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { mediaId } from "../media-id.ts";
import type { MediaStore } from "./media-store.ts";

/** What holds of every engine that descriptions of files are kept in. */
export function describeMediaStore(engine: string, open: () => MediaStore): void {
  test(`${engine}: a row is inserted once and stays as it is`, async () => {
    const store = open();
    const media = {
      id: mediaId(uuidv7()),
      conversationId: newConversationId(1),
      uploaderId: userId(uuidv7()),
      fileName: "towel.png",
      contentType: "image/png",
      size: 42,
      sha256: new Uint8Array(32).fill(7),
      completedAt: 1_700_000_000_000,
      completedSeq: 2 ** 40,
    };
    expect(await store.read(media.id)).toBeUndefined();
    expect(await store.create(media)).toEqual(media);
    expect(await store.create({ ...media, fileName: "other.png", completedAt: 1 })).toEqual(media);
    expect(await store.read(media.id)).toEqual(media);
  });
}
