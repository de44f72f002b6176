import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listIrcFiles } from "./irc-folder.ts";
import { maxLineBytes, readLines } from "./log-lines.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parley-log-"));
});

afterEach(() => rmSync(folder, { recursive: true }));

async function linesOf(content: string | Uint8Array): Promise<string[]> {
  const path = join(folder, "log");
  writeFileSync(path, content);
  const lines: string[] = [];
  for await (const line of readLines(path)) lines.push(line);
  return lines;
}

test("lines end with LF or CRLF, the last one may end with the file", async () => {
  expect(await linesOf("a\r\n\nb")).toEqual(["a", "", "b"]);
  expect(await linesOf("a\n")).toEqual(["a"]);
  expect(await linesOf("")).toEqual([]);
});

test("a line that is not UTF-8 is read as Windows-1252, its neighbours are not", async () => {
  const bytes = Buffer.concat([Buffer.from("é\n"), Buffer.from([0xe9, 0x80, 0x0a]), Buffer.from("ж\n")]);
  expect(await linesOf(bytes)).toEqual(["é", "é€", "ж"]);
});

test("lines longer than a chunk of the file are whole, up to the limit", async () => {
  const lines = ["x".repeat(maxLineBytes), "y".repeat(maxLineBytes + 10), "z".repeat(10)];
  expect(await linesOf(lines.join("\n"))).toEqual(lines.map((line) => line.slice(0, maxLineBytes)));
});

test("files that are named for a day are read in the order of their days", async () => {
  for (const name of ["2005-02-06.txt", "2004-12-25.txt", "README.md", "2004-13-01.txt", "2004-12-25.txt.bak"]) {
    writeFileSync(join(folder, name), "abc");
  }
  expect(await listIrcFiles(folder)).toEqual([
    { path: join(folder, "2004-12-25.txt"), dayMs: Date.UTC(2004, 11, 25), bytes: 3 },
    { path: join(folder, "2005-02-06.txt"), dayMs: Date.UTC(2005, 1, 6), bytes: 3 },
  ]);
});
