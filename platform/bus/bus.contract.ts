import { describe, expect, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import { type Bus, type Topic, topics } from "./bus.ts";

/** What holds of every bus. `open` gives it as two processes see it, and closes it when the test has finished. */
export function describeBus(engine: string, open: () => Promise<readonly [Bus, Bus]>): void {
  describe(`bus on ${engine}`, () => {
    test("news reach the listeners in all processes, whoever publishes them, once", async () => {
      const buses = await openHeard(open);
      const heard = buses.flatMap((bus) => [listen(bus, "typing"), listen(bus, "typing")]);
      for (const [number, bus] of buses.entries()) bus.publish("typing", Uint8Array.of(number));
      await until(() => (heard.every(({ length }) => length === 2) ? "" : `heard ${JSON.stringify(heard)}`));
      for (const numbers of heard) expect([...numbers].sort()).toEqual([0, 1]);
    });

    test("news of one publisher on one topic arrive in order, and none of them elsewhere", async () => {
      const [publisher, ...others] = await openHeard(open);
      const numbers = Array.from({ length: 200 }, (_, number) => number);
      const heard = [publisher, ...others].map((bus) => listen(bus, "marks"));
      const elsewhere = listen(publisher, "presence");
      for (const number of numbers) publisher.publish("marks", Uint8Array.of(number));
      await until(() => (heard.every(({ length }) => length === 200) ? "" : "not all"));
      expect(heard).toEqual([numbers, numbers]);
      expect(elsewhere).toEqual([]);
    });

    test("listeners run after the publisher's turn", async () => {
      const [bus] = await openHeard(open);
      const heard = listen(bus, "sessions");
      bus.publish("sessions", Uint8Array.of(1));
      expect(heard).toEqual([]);
      await until(() => (heard.length === 1 ? "" : "not heard"));
    });

    test("payloads arrive as they were, the empty one too", async () => {
      const [publisher, other] = await openHeard(open);
      const heard: Uint8Array[] = [];
      other.subscribe("privacy", (payload) => void heard.push(payload.slice()));
      const payloads = [new Uint8Array(0), Uint8Array.of(0, 255, 13, 10), new Uint8Array(10_000).fill(7)];
      for (const payload of payloads) publisher.publish("privacy", payload);
      await until(() => (heard.length === 3 ? "" : `${heard.length} heard`));
      expect(heard.map((payload) => Buffer.compare(payload, payloads.shift() ?? payload))).toEqual([0, 0, 0]);
    });

    test("who has ended a subscription hears nothing more; ending it twice ends no other", async () => {
      const [publisher, bus] = await openHeard(open);
      const ended: number[] = [];
      const end = bus.subscribe("typing", ([number]) => void ended.push(number ?? 0));
      const heard = listen(bus, "typing");
      end();
      end();
      publisher.publish("typing", Uint8Array.of(1));
      await until(() => (heard.length === 1 ? "" : "not heard"));
      expect(ended).toEqual([]);
    });
  });
}

function listen(bus: Bus, topic: Topic): number[] {
  const heard: number[] = [];
  bus.subscribe(topic, ([number]) => void heard.push(number ?? 0));
  return heard;
}

/** Waits until news of each come through to all on all topics: those before that are lost. */
async function openHeard(open: () => Promise<readonly [Bus, Bus]>): Promise<readonly [Bus, Bus]> {
  const buses = await open();
  for (const topic of topics) for (const publisher of buses) await comesThrough(publisher, buses, topic);
  return buses;
}

async function comesThrough(publisher: Bus, buses: readonly Bus[], topic: Topic): Promise<void> {
  const heard = buses.map(() => -1);
  const ends = buses.map((bus, index) => bus.subscribe(topic, ([number]) => (heard[index] = number ?? 0)));
  let number = 0;
  await until(() => {
    if (heard.every((last) => last === number && number > 0)) return "";
    publisher.publish(topic, Uint8Array.of(++number));
    return `heard ${heard} of ${topic}`;
  });
  for (const end of ends) end();
}
