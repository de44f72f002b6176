import { until } from "#platform/testing/until.ts";
import type { MeasuredPeer } from "../../load/process.ts";
import { openWire } from "../../load/wire.ts";
import { encodedFrame } from "../../peers/messages.ts";
import type { Crowd } from "./crowd.ts";

/** Subscribes so many on so many connections; returns how to end them. */
export type Subscribe = (
  subscribers: number,
  connections: number,
  onDeliveries: (count: number) => void,
) => Promise<() => void> | (() => void);

/** Bytes of a delivered message in its envelope, which the bare server is given to write. */
export const frameBytes = encodedFrame.length + 5;

/** Time for everybody to be subscribed. */
const readyMs = 30_000;

export function openPeerCrowd(name: string, server: MeasuredPeer, subscribe: Subscribe): Crowd {
  const control = openWire(server.controlUrl);
  const body = Buffer.alloc(frameBytes, 7);
  const endings = [control.close];
  let [size, arrived] = [0, 0];
  const missing = async () => {
    const listeners = await server.listeners();
    return listeners === size ? "" : `${listeners} of ${size} are listening`;
  };
  return {
    name,
    server,
    async add(subscribers, perConnection) {
      const end = await subscribe(subscribers, subscribers / perConnection, (count) => {
        arrived += count;
      });
      endings.push(end);
      size += subscribers;
      await until(missing, readyMs);
    },
    arrived: () => arrived,
    async publish(messages) {
      await Promise.all(Array.from({ length: messages }, () => control.send("/publish/all", "", body)));
    },
    async close() {
      for (const end of endings) end();
      await server.stop();
    },
  };
}
