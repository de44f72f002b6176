import { expect, test } from "vitest";
import { checkDurability, readTrace } from "./durability-trace.ts";

const log = "/data/log.db-wal";
const write = `11 pwrite64(24<${log}>, "\\0\\1m1 and m1", 4096, 32) = 4096`;
const sync = `11 fdatasync(24<${log}>) = 0`;
const ack = `10 write(30<socket:[77]>, "HTTP/1.1 200 OK\\r\\n\\r\\n{\\"seq\\":\\"2\\"}", 90) = 90`;
const message = { marker: "m1", acknowledgement: '{\\"seq\\":\\"2\\"}' };

const verdict = (...lines: string[]) => checkDurability(lines.join("\n"), [message], log);

test("written, synced, acknowledged: as it must be", () => {
  expect(verdict(write, sync, ack)).toEqual({ violations: [], syncs: 1 });
});

test("an acknowledgement before the sync is a violation", () => {
  const early = ["m1 was acknowledged before its sync returned"];
  expect(verdict(write, ack, sync).violations).toEqual(early);
  expect(verdict(write, ack).violations).toEqual(early);
  expect(verdict(ack, write, sync).violations).toEqual(early);
});

test("a sync that only began, failed, came before the write or was of another file does not count", () => {
  const begins = `11 fdatasync(24<${log}> <unfinished ...>`;
  const returns = "11 <... fdatasync resumed>) = 0";
  const early = ["m1 was acknowledged before its sync returned"];
  expect(verdict(write, begins, ack, returns).violations).toEqual(early);
  expect(verdict(write, begins, returns, ack).violations).toEqual([]);
  expect(verdict(write, `11 fdatasync(24<${log}>) = -1 EIO (Input/output error)`, ack).violations).toEqual(early);
  expect(verdict(sync, write, ack).violations).toEqual(early);
  expect(verdict(write, "11 fdatasync(25</data/store.db-wal>) = 0", ack).violations).toEqual(early);
});

test("a sync that began before the write ended does not count", () => {
  const lines = [`12 fdatasync(24<${log}> <unfinished ...>`, write, "12 <... fdatasync resumed>) = 0", ack];
  expect(verdict(...lines).violations).toEqual(["m1 was acknowledged before its sync returned"]);
});

test("an acknowledgement of what was never written, and one never seen, are violations", () => {
  expect(verdict(sync, ack).violations).toEqual(["m1 was acknowledged and never written to the log"]);
  expect(verdict(write, sync).violations).toEqual(["no acknowledgement of m1 was seen"]);
});

test("calls of several threads are put together from their halves", () => {
  const trace = [
    `10 writev(30<TCP:[127.0.0.1:80->127.0.0.1:9]>, [{iov_base="a", iov_len=1}], 1 <unfinished ...>`,
    `11 pwrite64(24<${log}>, "b", 1, 0) = 1`,
    "10 <... writev resumed>) = 1",
    "--- SIGCHLD ---",
    "11 fdatasync(24 <unfinished ...>",
  ].join("\n");
  expect(readTrace(trace).map(({ name, file, start, end }) => [name, file, start, end])).toEqual([
    ["pwrite64", log, 1, 1],
    ["writev", "TCP:[127.0.0.1:80->127.0.0.1:9]", 0, 2],
  ]);
});
