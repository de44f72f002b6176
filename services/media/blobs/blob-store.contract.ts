import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { mediaId } from "../media-id.ts";
import { type BlobStore, maxPartBytes } from "./blob-store.ts";

/** What holds of every engine that files are kept in. `reopen` gives the same files through a new adapter. */
export function describeBlobStore(engine: string, reopen: () => Promise<BlobStore>): void {
  const newId = () => mediaId(uuidv7());

  test(`${engine}: a draft grows at its end and is found again after a restart`, async () => {
    const id = newId();
    const store = await reopen();
    expect(await store.stat(id)).toEqual({ size: 0, sealed: false });
    await store.append(id, Buffer.from("don't "));
    await store.append(id, Buffer.from("panic"));
    const again = await reopen();
    expect(await again.stat(id)).toEqual({ size: 11, sealed: false });
    expect(String(await whole(again.read(id, 6)))).toBe("panic");
  });

  test(`${engine}: a sealed file is whole, and sealing again changes nothing`, async () => {
    const id = newId();
    const store = await reopen();
    const bytes = randomBytes(3 * maxPartBytes + 1);
    await store.append(id, bytes);
    await store.seal(id);
    await store.seal(id);
    const again = await reopen();
    expect(await again.stat(id)).toEqual({ size: bytes.length, sealed: true });
    expect((await whole(again.read(id, 0))).equals(bytes)).toBe(true);
    expect(await whole(again.read(id, bytes.length))).toHaveLength(0);
  });

  test(`${engine}: bytes come in parts of bounded size, and stop when told`, async () => {
    const id = newId();
    const store = await reopen();
    await store.append(id, randomBytes(2 * maxPartBytes + 1));
    const sizes: number[] = [];
    for await (const part of store.read(id, 0)) sizes.push(part.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(maxPartBytes);
    const abort = new AbortController();
    const parts = store.read(id, 0, abort.signal)[Symbol.asyncIterator]();
    expect((await parts.next()).done).toBe(false);
    abort.abort(new Error("enough"));
    await expect(parts.next()).rejects.toThrow("enough");
  });

  test(`${engine}: what is removed or never was can't be read or sealed`, async () => {
    const store = await reopen();
    for (const sealed of [true, false]) {
      const id = newId();
      await store.append(id, Buffer.from("x"));
      if (sealed) await store.seal(id);
      await store.remove(id);
      await store.remove(id);
      expect(await store.stat(id)).toEqual({ size: 0, sealed: false });
      await expect(whole(store.read(id, 0))).rejects.toThrow();
      await expect(store.seal(id)).rejects.toThrow();
    }
  });
}

async function whole(parts: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return Buffer.concat(all);
}
