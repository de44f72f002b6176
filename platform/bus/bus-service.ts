import type { ServiceImpl } from "@connectrpc/connect";
import type { PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import { type Bus, topics } from "./bus.ts";

/** Most news that wait for one listener; what is beyond is lost. */
export const maxWaitingNews = 10_000;

interface News {
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** Lets other processes of the installation publish and listen on this one's bus, until it is `stopping`. */
export function busService(
  bus: Bus,
  stopping: AbortSignal,
): Pick<ServiceImpl<typeof PeerService>, "publishNews" | "listenToNews"> {
  return {
    async publishNews({ topic, payload }) {
      const known = topics.find((each) => each === topic);
      if (known) bus.publish(known, payload);
      return {};
    },
    async *listenToNews(_request, context) {
      const signal = AbortSignal.any([context.signal, stopping]);
      const waiting: News[] = [{ topic: "", payload: new Uint8Array() }];
      let wake = () => {};
      signal.addEventListener("abort", () => wake(), { once: true });
      const forget = topics.map((topic) =>
        bus.subscribe(topic, (payload) => {
          if (waiting.length < maxWaitingNews) waiting.push({ topic, payload });
          wake();
        }),
      );
      try {
        while (!signal.aborted) {
          const news = waiting.shift();
          if (news) yield news;
          else {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          }
        }
      } finally {
        for (const end of forget) end();
      }
    },
  };
}
