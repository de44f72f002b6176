import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { testWithTools } from "#platform/testing/tool.ts";
import { readTrace } from "../../../ops/scenarios/durability-trace.ts";
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

testWithTools(["strace"], "a file is durable before it moves, and its place before it counts as sealed", async () => {
  const root = join(dir, "traced");
  const id = uuidv7();
  const adapter = new URL("./blob-store-fs.ts", import.meta.url);
  const program = `
    import { openFsBlobStore } from ${JSON.stringify(adapter.href)};
    const store = await openFsBlobStore(${JSON.stringify(root)});
    await store.append("${id}", Buffer.from("x"));
    await store.seal("${id}");
    console.log("sealed");`;
  const traced = ["-f", "-y", "-e", "trace=fsync,rename,write", "-o", join(dir, "trace")];
  await promisify(execFile)("strace", [...traced, process.execPath, "--input-type=module", "-e", program]);
  const calls = readTrace(readFileSync(join(dir, "trace"), "utf8"));
  const begin = (name: string, where: string) =>
    calls.find((call) => call.name === name && `${call.file}${call.args}`.includes(where))?.start ?? -1;
  const end = (name: string, where: string) =>
    calls.find((call) => call.name === name && call.file.endsWith(where))?.end ?? -1;
  const folder = `traced/sealed/${id.slice(-2)}`;
  const steps = [
    end("fsync", `traced/drafts/${id}`),
    begin("rename", `traced/drafts/${id}`),
    end("fsync", folder),
    begin("write", "sealed\\n"),
  ];
  expect(steps).not.toContain(-1);
  expect(steps).toEqual(steps.toSorted((one, other) => one - other));
});
