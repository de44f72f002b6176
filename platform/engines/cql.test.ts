import { pino } from "pino";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { StartError } from "#platform/runtime/start-error.ts";
import { type HoldingNetwork, openHoldingNetwork } from "#platform/testing/holding-network.ts";
import { freshCqlOptions, useCqlStore } from "#platform/testing/store.ts";
import { until } from "#platform/testing/until.ts";
import { CqlFailure, type CqlOptions, type CqlSession, openCql } from "./cql.ts";
import { maxBatch, maxQueryRows, pageRows } from "./cql-limits.ts";

const store = useCqlStore(`${import.meta.dirname}/testing/cql`);
let options: CqlOptions;
beforeAll(async () => {
  options = { ...(await freshCqlOptions()), keyspace: store().keyspace };
});

const insert = "INSERT INTO number (part, n, text) VALUES (?, ?, ?)";
const take = "INSERT INTO taken (name, holder) VALUES (?, ?) IF NOT EXISTS";

const taking = (name: string, holder: string) => ({
  write: { cql: take, params: [name, holder] },
  read: { cql: "SELECT holder FROM taken WHERE name = ?", params: [name] },
  isWritten: (row: { readonly holder?: unknown } | undefined) => row?.holder === holder,
});

async function fill(part: string, count: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, n) => ({ cql: insert, params: [part, n, "text"] }));
  for (let from = 0; from < count; from += maxBatch) await store().batch(numbers.slice(from, from + maxBatch));
}

test("values are read as they were written, integers beyond those of a number too", async () => {
  const bytes = Uint8Array.of(0, 255);
  await store().write("INSERT INTO value (name, i, l, t, b) VALUES (?, ?, ?, ?, ?)", "all", -1, 2n ** 60n, "ß", bytes);
  expect(await store().get("SELECT i, l, t, b FROM value WHERE name = ?", "all")).toEqual({
    i: -1,
    l: 2n ** 60n,
    t: "ß",
    b: bytes,
  });
  await store().write("INSERT INTO value (name, i, l, t) VALUES (?, ?, ?, ?)", "all", 7, -5, null);
  expect(await store().get("SELECT i, l, t, b FROM value WHERE name = ?", "all")).toEqual({
    i: 7,
    l: -5,
    t: null,
    b: bytes,
  });
  await store().write("INSERT INTO value (name, i, l) VALUES (?, ?, ?)", "all", undefined, Number.MAX_SAFE_INTEGER);
  const row = await store().get("SELECT i, l FROM value WHERE name = ?", "all");
  expect(row).toEqual({ i: 7, l: Number.MAX_SAFE_INTEGER });
  expect(await store().get("SELECT i FROM value WHERE name = ?", "none")).toBeUndefined();
  expect(await store().query("SELECT name FROM value WHERE name IN ?", ["all", "none"])).toEqual([{ name: "all" }]);
});

test("of two writes the one with the larger timestamp stands, in whatever order they come", async () => {
  const write = (i: number, timestamp: bigint) =>
    store().write("INSERT INTO value (name, i) VALUES (?, ?) USING TIMESTAMP ?", "timed", i, timestamp);
  const last = (2n ** 20n - 1n) * 2n ** 42n;
  await write(2, last);
  await write(1, last - 1n);
  expect(await store().get("SELECT i FROM value WHERE name = ?", "timed")).toEqual({ i: 2 });
});

test("a partition is read a page at a time; a query is refused that would give too much", async () => {
  await fill("pages", 2 * pageRows + 1);
  const numbers: unknown[] = [];
  for await (const { n } of store().rows("SELECT n FROM number WHERE part = ?", "pages")) numbers.push(n);
  expect(numbers).toEqual(Array.from({ length: 2 * pageRows + 1 }, (_, n) => n));
  expect(await store().query("SELECT n FROM number WHERE part = ?", "pages")).toHaveLength(2 * pageRows + 1);
  await fill("large", maxQueryRows + 1);
  await expect(store().query("SELECT n FROM number WHERE part = ?", "large")).rejects.toThrow("more than 10000 rows");
});

test("a batch has a limit", async () => {
  const statements = Array.from({ length: maxBatch + 1 }, (_, n) => ({ cql: insert, params: ["batch", n, ""] }));
  await expect(store().batch(statements)).rejects.toThrow(RangeError);
  expect(await store().query("SELECT n FROM number WHERE part = ?", "batch")).toEqual([]);
});

test("of all who take a row one has it, and the others are told who", async () => {
  const holders = ["a", "b", "c", "d"];
  const outcomes = await Promise.all(holders.map((holder) => store().conditional(taking("contested", holder))));
  const winner = holders[outcomes.findIndex(({ applied }) => applied)];
  expect(outcomes.filter(({ applied }) => applied)).toHaveLength(1);
  for (const { applied, row } of outcomes) expect(row).toEqual(applied ? undefined : { holder: winner });
});

test("what is no statement is refused, not unknown", async () => {
  const failure = await store()
    .query("SELECT nothing FROM value")
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(CqlFailure);
  expect(failure).toMatchObject({ outcome: "refused", isUnreachable: false });
});

async function openThrough(): Promise<{ network: HoldingNetwork; session: CqlSession }> {
  const network = await openHoldingNetwork(options.contactPoints[0] ?? "");
  const session = await openCql({ ...options, contactPoints: [network.address] });
  onTestFinished(() => session.close());
  return { network, session };
}

test("a conditional write that was cut off is tried again, and the first changes nothing when it lands late", async () => {
  const { network, session } = await openThrough();
  await session.conditional(taking("prepared", "nobody"));
  network.hold();
  const outcome = session.conditional(taking("late", "me"));
  await until(() => (network.holds("late") ? "" : "the write is not under way"));
  network.cut();
  expect(await outcome).toEqual({ applied: true, row: undefined });
  await network.land("");
  expect(await session.get("SELECT holder FROM taken WHERE name = ?", "late")).toEqual({ holder: "me" });
  expect(await session.conditional(taking("late", "you"))).toEqual({ applied: false, row: { holder: "me" } });
});

test("a store that goes away is told, and connected to again", async () => {
  const { network, session } = await openThrough();
  let returned = 0;
  const unlisten = session.onReturn(() => returned++);
  expect(session.notReady()).toBeUndefined();
  network.shut();
  await until(() => (session.notReady() ? "" : "a node is thought to be up"));
  await expect(session.get("SELECT i FROM value WHERE name = ?", "all")).rejects.toMatchObject({ isUnreachable: true });
  network.open();
  await until(() => session.notReady() ?? "", 20_000);
  const write = () => session.write("INSERT INTO value (name, i) VALUES (?, ?)", "again", 1);
  await until(() => write().then(() => "", String));
  expect(returned).toBeGreaterThan(0);
  unlisten();
});

test("what can't be opened is told in a sentence", async () => {
  const refusal = (more: Partial<CqlOptions>) => expect(openCql({ ...options, ...more })).rejects;
  await refusal({ contactPoints: ["127.0.0.1:1"] }).toThrow(/^The store can't be reached at 127.0.0.1:1: start it, or/);
  await refusal({ localDataCenter: "mars" }).toThrow('has no data centre "mars" but datacenter1');
  await refusal({ keyspace: "nowhere" }).toThrow('no keyspace "nowhere": run npm run migrate');
  await refusal({ keyspace: "nowhere" }).toBeInstanceOf(StartError);
});

test("closing twice is harmless, and nothing runs after it", async () => {
  const session = await openCql({ ...options, logger: pino({ level: "silent" }) });
  await Promise.all([session.close(), session.close()]);
  await expect(session.get("SELECT i FROM value WHERE name = ?", "all")).rejects.toThrow(CqlFailure);
});
