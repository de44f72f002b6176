import { fromBinary } from "@bufbuild/protobuf";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { FrameSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { type Figure, percentile } from "../figure.ts";
import { gather, makePeople, type Person } from "../load/people.ts";
import { paced } from "../load/rates.ts";
import { subscribe } from "../load/subscribers.ts";
import { openWire } from "../load/wire.ts";
import type { Fleet } from "./fleet.ts";

const conversations = 50;
const members = 4;
const sendsPerSecond = 500;
const warmUpSeconds = 120;
const seconds = 20;
const connections = 4;
const goalMs = 40;

/** From the call of a send at one gateway to the arrival at each member on another. */
export async function measureFleetLatency(fleet: Fleet): Promise<Figure[]> {
  const [sending, listening] = fleet.gateways.map(({ url }) => openWire(url, connections));
  if (!sending || !listening) throw new Error("two gateways are needed");
  try {
    const people = await makePeople(fleet, sending, conversations * members);
    const groups = Array.from({ length: conversations }, (_, n) => people.slice(n * members, (n + 1) * members));
    const ids = await Promise.all(groups.map((group) => gather(sending, group)));
    const started: number[] = [];
    const latencies: number[] = [];
    let delivered = 0;
    const warmUp = sendsPerSecond * warmUpSeconds;
    await subscribe(listening, people, (_, frame) => {
      const n = numberIn(frame);
      if (n >= 0) delivered++;
      if (n >= warmUp) latencies.push(performance.now() - (started[n] ?? 0));
    });
    const total = await paced(sendsPerSecond, warmUpSeconds + seconds, (n) => {
      started[n] = performance.now();
      const sender = groups[n % conversations]?.[n % members] as Person;
      const request = { clientId: uuidv7(), conversationId: ids[n % conversations] ?? "", content: { text: `${n}` } };
      return sending.call(ChatService.method.sendMessage, sender.token, request);
    });
    await until(() => (delivered >= total * members ? "" : `${delivered} of ${total * members}`), 30_000);
    const name = `fleet: send → deliver at ${sendsPerSecond} sends/s, ${conversations} conversations of ${members}`;
    const figure = (part: number) => ({
      name: `${name}, p${part * 100}`,
      unit: "ms",
      value: percentile(latencies, part),
    });
    return [figure(0.5), { ...figure(0.99), goal: { atMost: goalMs } }];
  } finally {
    sending.close();
    listening.close();
  }
}

/** The number that a message of the benchmark says; -1 for what is none. */
function numberIn(frame: Buffer): number {
  const { frame: decoded } = fromBinary(FrameSchema, frame);
  const body = decoded.case === "event" ? decoded.value.body : undefined;
  return body?.case === "messagePosted" ? Number(body.value.content?.text) : -1;
}
