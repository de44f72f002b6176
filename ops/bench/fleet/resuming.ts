import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { DeliveryService, FrameSchema, SubscribeRequestSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { until } from "#platform/testing/until.ts";
import { type Figure, percentile } from "../figure.ts";
import { gather, makePeople, type Person } from "../load/people.ts";
import { pause } from "../load/rates.ts";
import { send } from "../load/sending.ts";
import { openWire, pathOf, type Wire } from "../load/wire.ts";
import type { Fleet } from "./fleet.ts";

const streams = 5_000;
const members = 10;
const connections = 25;
const messages = 500;
const goalMs = 10_000;

/** A listener: the events that it was told, and where it goes on. */
interface Listener {
  readonly person: Person;
  token: string;
  readonly seqs: Set<string>;
  caughtUpAt: number;
}

/** A gateway with 5,000 streams is killed while people write; all come back at another one at once. */
export async function measureResuming(fleet: Fleet): Promise<Figure[]> {
  const [dying, other] = fleet.gateways;
  if (!dying || !other) throw new Error("two gateways are needed");
  const [first, second] = [openWire(dying.url, connections), openWire(other.url, connections)];
  try {
    const people = await makePeople(fleet, second, streams);
    const groups = Array.from({ length: streams / members }, (_, n) => people.slice(n * members, (n + 1) * members));
    const ids: string[] = [];
    for (const group of groups) ids.push(await gather(second, group));
    const listeners = people.map((person) => ({ person, token: "", seqs: new Set<string>(), caughtUpAt: 0 }));
    for (const listener of listeners) listen(first, listener);
    await until(() => waitingFor(listeners), 120_000);
    const say = (n: number) => send(second, groups[n]?.[0]?.token ?? "", ids[n] ?? "", 1);
    for (let n = 0; n < messages / 2; n++) await say(n);
    await dying.kill();
    for (let n = 0; n < messages / 2; n++) await say(n);
    const start = performance.now();
    for (const listener of listeners) {
      listener.caughtUpAt = 0;
      listen(second, listener);
    }
    await until(() => waitingFor(listeners), 120_000);
    await pause(1_000);
    const times = listeners.map(({ caughtUpAt }) => caughtUpAt - start);
    const lost = listeners.slice(0, (messages / 2) * members).reduce((sum, { seqs }) => sum + 2 - seqs.size, 0);
    const name = `fleet: ${streams.toLocaleString("en")} streams resume after their gateway is killed`;
    return [
      { name: `${name}, p50`, unit: "ms", value: percentile(times, 0.5) },
      { name: `${name}, p99`, unit: "ms", value: percentile(times, 0.99), goal: { atMost: goalMs } },
      { name: `${name}, messages lost`, unit: "", value: lost, goal: { atMost: 0 } },
    ];
  } finally {
    first.close();
    second.close();
  }
}

function listen(wire: Wire, listener: Listener): void {
  const { person, token, seqs } = listener;
  const body = toBinary(SubscribeRequestSchema, create(SubscribeRequestSchema, { token }));
  wire.stream(pathOf(DeliveryService.method.subscribe), person.token, body, (message) => {
    const { frame } = fromBinary(FrameSchema, message);
    if (frame.case === "event" && frame.value.body.case === "messagePosted") {
      seqs.add(`${frame.value.conversationId} ${frame.value.seq}`);
    }
    if (frame.case === "caughtUp") listener.caughtUpAt = performance.now();
    if (frame.case === "caughtUp" || frame.case === "heartbeat") listener.token = frame.value.token;
  });
}

function waitingFor(listeners: readonly Listener[]): string {
  const waiting = listeners.filter(({ caughtUpAt }) => caughtUpAt === 0).length;
  return waiting === 0 ? "" : `${waiting} streams are not live`;
}
