/** A competitor as a process of its own, which tests kill and pause. Prints what it is told, one line each. */
import { pino } from "pino";
import { Registry } from "prom-client";
import { openNats } from "#platform/engines/nats.ts";
import { parseNatsUrl } from "#platform/engines/nats-url.ts";
import { openNatsFleet } from "../fleet-nats.ts";

const [url = ""] = process.argv.slice(2);
const logger = pino({ level: "silent" });
const nats = await openNats({ ...parseNatsUrl(url), monitors: [], logger, metrics: new Registry() });
const fleet = await openNatsFleet(nats, {
  id: crypto.randomUUID(),
  address: "http://127.0.0.1:1",
  modules: ["chat"],
  shards: 4,
  incarnation: 1,
});
const say = (call: string, key: number) => console.log(`${call} ${key}`);
fleet.leases.compete("group", 16, {
  gained: (key) => say("gained", key),
  lost: async (key) => say("lost", key),
});
