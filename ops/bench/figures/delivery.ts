import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { until } from "#platform/testing/until.ts";
import type { Figure } from "../figure.ts";
import { gather, makePeople } from "../load/people.ts";
import { type Measured, startBareServer, startMeasuredServer } from "../load/process.ts";
import { subscribe } from "../load/subscribers.ts";
import { openWire } from "../load/wire.ts";

const subscribers = 1000;
const connections = 8;
const seconds = 5;
/** Messages of one call. */
const batch = 20;
/** Messages that may be on their way to the slowest reader before more are sent: streams hold 256. */
const window = 60;
const text = "a message of an ordinary length, as people write them to one another";
/** Bytes of a frame that holds such a message. */
const frameBytes = 200;

interface Fanout {
  readonly deliveriesPerSecond: number;
  readonly cpuMicros: number;
}

/** What delivering to 1,000 subscribers of one conversation costs. */
export async function measureDelivery(): Promise<Figure[]> {
  const parley = await fanOutOverParley();
  const bare = await fanOutOverBare();
  const floor = "bare node:http2 writes of one buffer to 1,000 streams";
  return [
    {
      name: "deliveries to 1,000 subscribers of one conversation",
      unit: "/s",
      value: parley.deliveriesPerSecond,
      floors: [{ name: floor, value: bare.deliveriesPerSecond }],
    },
    {
      name: "server CPU of a delivery",
      unit: "µs",
      value: parley.cpuMicros,
      floors: [{ name: floor, value: bare.cpuMicros }],
    },
  ];
}

async function fanOutOverParley(): Promise<Fanout> {
  const server = await startMeasuredServer();
  const wire = openWire(server.url, connections);
  try {
    const people = await makePeople(server, wire, subscribers);
    const conversationId = await gather(wire, people);
    let delivered = 0;
    await subscribe(wire, people, () => delivered++);
    const token = people[0]?.token ?? "";
    const items = () => Array.from({ length: batch }, () => ({ clientId: uuidv7(), content: { text } }));
    return await drive(
      server,
      () => delivered,
      async () => void (await wire.call(ChatService.method.sendMessages, token, { conversationId, items: items() })),
    );
  } finally {
    wire.close();
    await server.stop();
  }
}

async function fanOutOverBare(): Promise<Fanout> {
  const server = await startBareServer();
  const wire = openWire(server.url, connections);
  try {
    let bytes = 0;
    const listen = () => wire.listen("/listen/all", (chunk) => (bytes += chunk.length));
    await Promise.all(Array.from({ length: subscribers }, listen));
    const body = Buffer.alloc(frameBytes, 7);
    const publish = () => wire.send("/publish/all", "", body);
    return await drive(
      server,
      () => bytes / frameBytes,
      async () => void (await Promise.all(Array.from({ length: batch }, publish))),
    );
  } finally {
    wire.close();
    await server.stop();
  }
}

/** Publishes batch after batch, never further ahead of the readers than the window. */
async function drive(server: Measured, delivered: () => number, publish: () => Promise<void>): Promise<Fanout> {
  const before = delivered();
  const cpuBefore = await server.cpuSeconds();
  const start = performance.now();
  let published = 0;
  const behind = () => published * subscribers - (delivered() - before);
  while (performance.now() - start < seconds * 1000) {
    await publish();
    published += batch;
    await until(() => (behind() <= (window - batch) * subscribers ? "" : `${behind()} deliveries are missing`));
  }
  await until(() => (behind() <= 0 ? "" : `${behind()} deliveries are missing`));
  const elapsed = (performance.now() - start) / 1000;
  const deliveries = delivered() - before;
  const cpu = (await server.cpuSeconds()) - cpuBefore;
  return { deliveriesPerSecond: deliveries / elapsed, cpuMicros: (cpu / deliveries) * 1e6 };
}
