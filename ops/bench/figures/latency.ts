import { fromBinary } from "@bufbuild/protobuf";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { FrameSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import { type Figure, percentile } from "../figure.ts";
import { gather, makePeople, type Person } from "../load/people.ts";
import { startBareServer, startMeasuredServer } from "../load/process.ts";
import { paced } from "../load/rates.ts";
import { subscribe } from "../load/subscribers.ts";
import { openWire } from "../load/wire.ts";

const conversations = 50;
const members = 10;
const sendsPerSecond = 200;
const seconds = 10;
const connections = 4;

/** From the call of a send to the arrival at each member, while people write in 50 conversations. */
export async function measureLatency(): Promise<Figure[]> {
  const parley = await latenciesOfParley();
  const bare = await latenciesOfBare();
  const name = `send → deliver at ${sendsPerSecond} sends/s over ${conversations} conversations of ${members}`;
  const floor = "bare node:http2 relay";
  const figure = (part: number) => ({
    name: `${name}, p${part * 100}`,
    unit: "ms",
    value: percentile(parley, part),
    floors: [{ name: floor, value: percentile(bare, part) }],
  });
  return [figure(0.5), { ...figure(0.99), goal: { atMost: 25 } }];
}

async function latenciesOfParley(): Promise<number[]> {
  const server = await startMeasuredServer();
  const wire = openWire(server.url, connections);
  try {
    const people = await makePeople(server, wire, conversations * members);
    const groups = Array.from({ length: conversations }, (_, n) => people.slice(n * members, (n + 1) * members));
    const ids = await Promise.all(groups.map((group) => gather(wire, group)));
    const started: number[] = [];
    const latencies: number[] = [];
    await subscribe(wire, people, (_, frame) => {
      const start = started[numberIn(frame)];
      if (start !== undefined) latencies.push(performance.now() - start);
    });
    const total = await paced(sendsPerSecond, seconds, (n) => {
      started[n] = performance.now();
      const sender = groups[n % conversations]?.[n % members] as Person;
      const conversationId = ids[n % conversations] ?? "";
      const request = { clientId: uuidv7(), conversationId, content: { text: `${n}` } };
      return wire.call(ChatService.method.sendMessage, sender.token, request);
    });
    await until(() => (latencies.length >= total * members ? "" : `${latencies.length} of ${total * members}`));
    return latencies;
  } finally {
    wire.close();
    await server.stop();
  }
}

/** The number that a message of the benchmark says. */
function numberIn(frame: Buffer): number {
  const { frame: decoded } = fromBinary(FrameSchema, frame);
  const body = decoded.case === "event" ? decoded.value.body : undefined;
  return body?.case === "messagePosted" ? Number(body.value.content?.text) : -1;
}

async function latenciesOfBare(): Promise<number[]> {
  const server = await startBareServer();
  const wire = openWire(server.url, connections);
  try {
    const started: number[] = [];
    const latencies: number[] = [];
    const onBytes = (chunk: Buffer) => {
      for (let at = 0; at < chunk.length; at += messageBytes) {
        latencies.push(performance.now() - (started[chunk.readUInt32BE(at)] ?? 0));
      }
    };
    const listen = (_: unknown, n: number) => wire.listen(`/listen/${n % conversations}`, onBytes);
    await Promise.all(Array.from({ length: conversations * members }, listen));
    const total = await paced(sendsPerSecond, seconds / 2, (n) => {
      started[n] = performance.now();
      const body = Buffer.alloc(messageBytes);
      body.writeUInt32BE(n);
      return wire.send(`/publish/${n % conversations}`, "", body);
    });
    await until(() => (latencies.length >= total * members ? "" : `${latencies.length} of ${total * members}`));
    return latencies;
  } finally {
    wire.close();
    await server.stop();
  }
}

const messageBytes = 200;
