import type { Client } from "@connectrpc/connect";
import type { PeerService } from "#gen/parley/peer/v1/peer_pb.js";
import { callAs } from "#platform/rpc/identity.ts";
import { keepOpen } from "#platform/rpc/peers/keep-open.ts";
import { type Bus, topics } from "./bus.ts";

/** Most news that are on their way to the other process; what is beyond is lost. */
export const maxPublishing = 1_000;
const publishMs = 5_000;

export interface RemoteBus extends Bus {
  close(): void;
}

/**
 * The bus of a process that stands beside another one: what is published goes there, and comes back from there to all
 * processes, this one too: there it is told to those who listen to `heard`. While the other one is away, all news are lost.
 */
export function createRemoteBus(client: Client<typeof PeerService>, heard: Bus): RemoteBus {
  const ending = new AbortController();
  let publishing = 0;
  void keepOpen(ending.signal, async (signal) => {
    const news = client.listenToNews({}, callAs({ kind: "service", name: "bus" }, { signal }));
    for await (const { topic, payload } of news) {
      const known = topics.find((each) => each === topic);
      if (known) heard.publish(known, payload);
    }
  });
  return {
    publish(topic, payload) {
      if (publishing >= maxPublishing) return;
      publishing++;
      const done = () => void publishing--;
      const options = callAs({ kind: "service", name: "bus" }, { signal: ending.signal, timeoutMs: publishMs });
      client.publishNews({ topic, payload }, options).then(done, done);
    },
    subscribe: heard.subscribe,
    close: () => ending.abort(),
  };
}
