import { expect, test } from "vitest";
import { createIrcImport, maxTextBytes } from "./irc-import.ts";

const day = Date.UTC(2004, 11, 25);

function itemsOf(...lines: string[]) {
  const log = createIrcImport("#x");
  log.startDay(day);
  return { items: lines.flatMap((line) => log.read(line)), counts: log.counts, log };
}

const summary = (items: ReturnType<typeof itemsOf>["items"]) => items.map(({ nick, body }) => `${nick} ${body.case}`);
const clock = (items: ReturnType<typeof itemsOf>["items"]) =>
  items.map(({ timeMs }) => new Date(timeMs).toISOString().slice(8, 16));

test("speaking implies a join just before, once", () => {
  const { items, counts } = itemsOf("[10:00] <a> one", "[10:01] <a> two", "[10:02] <A> three");
  expect(summary(items)).toEqual(["a joined", "a posted", "a posted", "A joined", "A posted"]);
  expect(counts).toMatchObject({ lines: 3, messages: 3, impliedJoins: 2 });
});

test("joins and leaves count where they change something", () => {
  const { items, counts } = itemsOf(
    "=== a  has left #x []",
    "=== a  has joined #x",
    "=== a  has joined #x",
    "=== a  has left #x []",
    "[10:00] <a> again",
  );
  expect(summary(items)).toEqual(["a joined", "a left", "a joined", "a posted"]);
  expect(counts).toMatchObject({ joins: 1, leaves: 1, impliedJoins: 1, unchanged: 2 });
});

test("a rename merges nobody and joins nobody", () => {
  const { items } = itemsOf("[10:00] <a> one", "=== a is now known as b", "[10:01] <b> two", "[10:02] <a> three");
  expect(summary(items)).toEqual(["a joined", "a posted", "a renamed", "b joined", "b posted", "a posted"]);
});

test("presence carries over between files", () => {
  const { log } = itemsOf("[10:00] <a> one");
  log.startDay(day + 86_400_000);
  expect(summary(log.read("[10:00] <a> two"))).toEqual(["a posted"]);
});

test("lines without a stamp take the time of the line before, the first the start of the day", () => {
  const { items } = itemsOf("=== a  has joined #x", "[10:00] <a> one", "=== a  has left #x []");
  expect(clock(items)).toEqual(["25T00:00", "25T10:00", "25T10:00"]);
});

test("a step back of more than twelve hours is midnight, a smaller one stands still", () => {
  const { items } = itemsOf("[23:00] <a> 1", "[11:00] <a> 2", "[11:01] <a> 3", "[23:30] <a> 4", "[11:29] <a> 5");
  expect(clock(items.slice(1))).toEqual(["25T23:00", "25T23:00", "25T23:00", "25T23:30", "26T11:29"]);
});

test("time never goes back between files", () => {
  const { log } = itemsOf("[23:00] <a> 1", "[01:00] <a> 2");
  log.startDay(day);
  expect(clock(log.read("[00:30] <a> 3"))).toEqual(["26T01:00"]);
});

test("client ids rise along the log and are the same in each run", () => {
  const lines = ["[10:00] <a> one", "=== a is now known as b", "", "[10:01] <b> two"];
  const ids = itemsOf(...lines).items.map(({ clientId }) => clientId);
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(itemsOf(...lines).items.map(({ clientId }) => clientId)).toEqual(ids);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("too long a message is cut between characters, and counted", () => {
  const { items, counts } = itemsOf(`[10:00] <a> x${"é".repeat(maxTextBytes)}`);
  const body = items[1]?.body;
  const text = body?.case === "posted" ? body.text : "";
  expect(Buffer.byteLength(text)).toBe(maxTextBytes - 1);
  expect(text.endsWith("é")).toBe(true);
  expect(counts.cut).toBe(1);
});
