import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { type Figure, sampled } from "../figure.ts";
import type { Measured } from "../load/process.ts";
import { pause } from "../load/rates.ts";
import { openWire } from "../load/wire.ts";
import { type Arrivals, preciseNow, type Spread, spreadOf } from "./arrivals.ts";
import { cpuOf } from "./cpu.ts";
import type { ListenerProcesses } from "./listener-processes.ts";
import { refuseLosses } from "./orders.ts";

export interface Crowd {
  readonly core: Measured;
  /** Whose CPU delivering takes. */
  readonly processes: readonly Measured[];
  readonly listeners: ListenerProcesses;
  /** How many listen. */
  readonly size: number;
  /** Seconds of CPU that these processes take each second while nothing is said. */
  readonly idleCpu: number;
}

const paced = 10;
const everyMs = 1_000;
const arrivalMs = 120_000;
const text = "a message of an ordinary length, as people write them to one another";

/** Sends one message alone, then some one after the other, and tells how they reach everybody. */
export async function sendToAll(crowd: Crowd, token: string, conversationId: string): Promise<Figure[]> {
  const wire = openWire(crowd.core.url);
  const send = async () => {
    const sentAt = preciseNow();
    await wire.call(ChatService.method.sendMessage, token, { clientId: uuidv7(), conversationId, content: { text } });
    return sentAt;
  };
  try {
    const alone = await measure(crowd, 0, async () => [await send()]);
    const oneASecond = await measure(crowd, 1, async () => {
      const sent: Promise<number>[] = [];
      for (let n = 0; n < paced; n++) {
        sent.push(send());
        await pause(everyMs);
      }
      return await Promise.all(sent);
    });
    return [...figuresOf("one message", crowd, alone), ...figuresOf(`${paced} messages, 1/s`, crowd, oneASecond)];
  } finally {
    wire.close();
  }
}

interface Sending {
  readonly spreads: readonly Spread[];
  /** Beyond what holding the streams takes. */
  readonly cpuSeconds: number;
}

/** `before` messages were sent earlier; `send` resolves with when each was sent. */
async function measure(crowd: Crowd, before: number, send: () => Promise<number[]>): Promise<Sending> {
  const cpuBefore = await cpuOf(crowd.processes);
  const start = performance.now();
  const sentAt = await send();
  const arrivals = await allArrived(crowd, before + sentAt.length);
  const idle = (crowd.idleCpu * (performance.now() - start)) / 1000;
  const cpuSeconds = (await cpuOf(crowd.processes)) - cpuBefore - idle;
  return { cpuSeconds, spreads: sentAt.map((at, n) => spreadOf(arrivals, before + n, at)) };
}

async function allArrived({ listeners, size }: Crowd, messages: number): Promise<Arrivals[]> {
  const end = performance.now() + arrivalMs;
  for (;;) {
    const reports = await listeners.report();
    const heard = reports.reduce((sum, report) => sum + report.heard, 0);
    if (heard === messages * size) return reports.map(({ arrivals }) => arrivals);
    refuseLosses(reports);
    if (performance.now() > end) throw new Error(`${heard} of ${messages * size} messages arrived`);
    await pause(100);
  }
}

function figuresOf(what: string, { size }: Crowd, { spreads, cpuSeconds }: Sending): Figure[] {
  const until = (which: "first" | "median" | "last") => ({
    name: `${what}, to the ${which} receiver`,
    unit: "ms",
    ...sampled(spreads.map((spread) => spread[which])),
  });
  const perDelivery = (cpuSeconds / spreads.length / size) * 1e6;
  return [
    until("first"),
    until("median"),
    until("last"),
    { name: `${what}, CPU of a delivery`, unit: "µs", value: perDelivery },
  ];
}
