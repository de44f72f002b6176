import type { NatsEngine } from "#platform/engines/nats.ts";
import type { Fleet } from "../fleet.ts";
import { openNatsFleet } from "../fleet-nats.ts";
import { createWork, type RecordedWork } from "./work.ts";

/** A process that competes for the keys of "group". */
export interface Competitor {
  readonly fleet: Fleet;
  readonly work: RecordedWork;
  /** Ends in order. Twice is harmless. */
  leave(): Promise<void>;
  /** Ends without a word. */
  kill(): Promise<void>;
}

export async function startCompetitor(nats: NatsEngine, keys = 16, incarnation = 1): Promise<Competitor> {
  const self = { id: crypto.randomUUID(), address: "http://127.0.0.1:1", modules: ["chat"], shards: 4, incarnation };
  const fleet = await openNatsFleet(nats, self);
  const work = createWork();
  const competition = fleet.leases.compete("group", keys, work);
  let isGone = false;
  return {
    fleet,
    work,
    async leave() {
      if (isGone) return;
      isGone = true;
      await competition.stop();
      await fleet.close();
    },
    async kill() {
      isGone = true;
      await nats.connection.close();
      await fleet.close();
    },
  };
}
