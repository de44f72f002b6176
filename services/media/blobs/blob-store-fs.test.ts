import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { mediaId } from "../media-id.ts";
import { describeBlobStore } from "./blob-store.contract.ts";
import { openFsBlobStore } from "./blob-store-fs.ts";

let dir: string;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "parley-blobs-"));
});

afterAll(() => rmSync(dir, { recursive: true }));

describeBlobStore("fs", () => openFsBlobStore(join(dir, "deep", "blobs")));

test("only ids become paths", () => {
  for (const text of ["../../etc/passwd", `${uuidv7()}/..`, "", `${uuidv7()}\0`]) {
    expect(() => mediaId(text)).toThrow(TypeError);
  }
});

test("a draft stands apart from what is sealed", async () => {
  const root = join(dir, "apart");
  const store = await openFsBlobStore(root);
  const id = mediaId(uuidv7());
  await store.append(id, Buffer.from("x"));
  expect(readdirSync(root, { recursive: true }).sort()).toEqual(["drafts", `drafts/${id}`, "sealed"]);
  await store.seal(id);
  const folder = `sealed/${id.slice(-2)}`;
  expect(readdirSync(root, { recursive: true }).sort()).toEqual(["drafts", "sealed", folder, `${folder}/${id}`]);
});
