import { create } from "@bufbuild/protobuf";
import { expect, onTestFinished, test } from "vitest";
import { RecordSchema } from "#gen/parley/log/v1/record_pb.js";
import { type NatsEngine, openNats } from "#platform/engines/nats.ts";
import { describeOnEngines, describeOnOwnEngines } from "#platform/testing/engines.ts";
import { natsOptions, openTestNats } from "#platform/testing/nats.ts";
import { until } from "#platform/testing/until.ts";
import { AppendUnknown, type EventLog, lastPosition } from "../event-log.ts";
import { openJetStreamEventLog } from "../event-log-jetstream.ts";

async function openLog(engine: NatsEngine): Promise<EventLog> {
  const log = await openJetStreamEventLog({ engine, shards: 1, appendMs: 1_000 });
  onTestFinished(log.close);
  return log;
}

const recordOf = (position: number, clientId: string) =>
  create(RecordSchema, { position: BigInt(position), epoch: 1n, incarnation: 1n, entries: [{ header: { clientId } }] });

/** Appends each id once, settling what is unknown or refused by a record of its own, as owners do. */
class Writer {
  readonly #log: EventLog;
  #tail = 0;
  longestMs = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  async write(id: string): Promise<void> {
    const start = performance.now();
    while (!(await this.#append(id)) && !(await this.#settled(id)));
    this.longestMs = Math.max(this.longestMs, performance.now() - start);
  }

  async #append(id: string): Promise<boolean> {
    try {
      if ((await this.#log.append(0, this.#tail, recordOf(this.#tail + 1, id))) !== "appended") return false;
      this.#tail++;
      return true;
    } catch (error) {
      if (!(error instanceof AppendUnknown)) throw error;
      return false;
    }
  }

  /** Whether the id stands before a record that this writer has appended on what it read. */
  async #settled(id: string): Promise<boolean> {
    let stands = false;
    await until(async () => {
      try {
        for (;;) {
          const records = await this.#log.read(0, this.#tail + 1);
          if (records.length === 0) break;
          for (const record of records) stands ||= record.entries[0]?.header?.clientId === id;
          this.#tail = records.map(lastPosition).at(-1) ?? this.#tail;
        }
        return (await this.#append("settled")) ? "" : "refused";
      } catch (error) {
        return String(error);
      }
    }, 25_000);
    return stands;
  }
}

async function idsOf(log: EventLog): Promise<string[]> {
  const ids: string[] = [];
  for (let position = 1; ; ) {
    const records = await log.read(0, position);
    if (records.length === 0) return ids.filter((id) => id !== "settled");
    for (const record of records) {
      expect(Number(record.position)).toBe(position);
      ids.push(record.entries[0]?.header?.clientId ?? "");
      position = lastPosition(record) + 1;
    }
  }
}

/** Positions that a follower was shown, or found by a hole or the tail, as processes do. */
function followWhole(log: EventLog): { tail: number } {
  const whole = { tail: 0 };
  let reading = false;
  const readOn = async () => {
    if (reading) return;
    reading = true;
    for (const record of await log.read(0, whole.tail + 1).catch(() => [])) whole.tail = lastPosition(record);
    reading = false;
  };
  const follower = {
    onRecord(record: { position: bigint }) {
      if (Number(record.position) === whole.tail + 1) whole.tail++;
      else if (Number(record.position) > whole.tail) void readOn();
    },
    onTail: (tail: number) => void (tail > whole.tail && readOn()),
  };
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  log.follow(0, 1, follower, ending.signal);
  return whole;
}

describeOnEngines("a log on three servers", ["nats-cluster"], () => {
  test("two writers on one shard, while its leader keeps stepping down, lose and double nothing", async () => {
    const engines = [await openTestNats(3), await openTestNats(3)] as const;
    const [one, other] = [await openLog(engines[0]), await openLog({ ...engines[1], name: engines[0].name })];
    const stepDown = `$JS.API.STREAM.LEADER.STEPDOWN.${engines[0].name}-log-0`;
    const whole = followWhole(other);
    const storm = setInterval(() => engines[0].connection.request(stepDown).catch(() => {}), 250);
    onTestFinished(() => clearInterval(storm));
    const write = async (log: EventLog, prefix: string) => {
      const ids = Array.from({ length: 100 }, (_, index) => `${prefix}${index}`);
      const writer = new Writer(log);
      for (const id of ids) await writer.write(id);
      return ids;
    };
    const written = await Promise.all([write(one, "a"), write(other, "b")]);
    clearInterval(storm);
    const ids = await idsOf(one);
    expect(["a", "b"].map((prefix) => ids.filter((id) => id.startsWith(prefix)))).toEqual(written);
    const tail = await one.tail(0);
    await until(() => (whole.tail === tail ? "" : `followed to ${whole.tail} of ${tail}`));
  });
});

describeOnOwnEngines("a log whose servers die", ["nats", "nats-cluster"], (start) => {
  async function openOn(url: string, replicas: number) {
    const engine = await openNats(natsOptions(url, replicas));
    onTestFinished(engine.close);
    const log = await openLog(engine);
    return { engine, log, whole: followWhole(log), writer: new Writer(log) };
  }

  test("one server, killed and started again: what was acknowledged is there, and it goes on", async () => {
    const nats = await start("nats");
    const { log, whole, writer } = await openOn(nats.url, 1);
    for (let id = 0; id < 20; id++) await writer.write(`${id}`);
    await nats.nodes[0]?.kill();
    const during = writer.write("20");
    await nats.nodes[0]?.restart();
    await during;
    for (let id = 21; id < 40; id++) await writer.write(`${id}`);
    expect(await idsOf(log)).toEqual(Array.from({ length: 40 }, (_, id) => `${id}`));
    const tail = await log.tail(0);
    await until(() => (whole.tail === tail ? "" : `followed to ${whole.tail} of ${tail}`));
  });

  test("a leader that the others do not answer any more names no tail", async () => {
    const nats = await start("nats-cluster");
    const { engine, log, writer } = await openOn(nats.url, 3);
    await writer.write("0");
    const { cluster } = await engine.jetstreamManager.streams.info(`${engine.name}-log-0`);
    const leader = nats.nodes.find(({ name }) => name === cluster?.leader);
    const near = await openNats(natsOptions(`nats://${leader?.address}`, 3, engine.name));
    onTestFinished(near.close);
    const beside = await openLog(near);
    for (const node of nats.nodes) if (node !== leader) node.pause();
    // What the leader heard lately still counts.
    await until(async () => ((await beside.tail(0).catch(() => -1)) === -1 ? "" : "still led"));
    for (const node of nats.nodes) node.resume();
    await until(async () => ((await log.tail(0).catch(() => -1)) === 1 ? "" : "not led yet"), 25_000);
  });

  test.for(["kill", "pause"] as const)("the leader of three: %s", { timeout: 60_000 }, async (fault) => {
    const nats = await start("nats-cluster");
    const { engine, log, whole, writer } = await openOn(nats.url, 3);
    for (let id = 0; id < 20; id++) await writer.write(`${id}`);
    const { cluster } = await engine.jetstreamManager.streams.info(`${engine.name}-log-0`);
    const leader = nats.nodes.find(({ name }) => name === cluster?.leader);
    await leader?.[fault]();
    for (let id = 20; id < 40; id++) await writer.write(`${id}`);
    expect(writer.longestMs).toBeLessThan(15_000);
    if (fault === "kill") await leader?.restart();
    else leader?.resume();
    for (let id = 40; id < 60; id++) await writer.write(`${id}`);
    expect(await idsOf(log)).toEqual(Array.from({ length: 60 }, (_, id) => `${id}`));
    const tail = await log.tail(0);
    await until(() => (whole.tail === tail ? "" : `followed to ${whole.tail} of ${tail}`));
  });
});
