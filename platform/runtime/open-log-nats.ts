import { Gauge } from "prom-client";
import { createNatsBus } from "#platform/bus/bus-nats.ts";
import { type NatsEngine, openNats } from "#platform/engines/nats.ts";
import { untilAnswered } from "#platform/engines/nats-patience.ts";
import { openNatsFleet } from "#platform/fleet/fleet-nats.ts";
import { openJetStreamEventLog } from "#platform/log/event-log-jetstream.ts";
import type { NatsLog } from "./config-engines.ts";
import { createEndings, type Endings } from "./endings.ts";
import type { Opening } from "./engines.ts";
import { type NatsInstallation, openNatsInstallation } from "./installation-nats.ts";
import type { LogEngine, OpenedLog } from "./open-log.ts";
import { refusedByNats } from "./refused-by-nats.ts";
import { StartError } from "./start-error.ts";

/** Log, bus and fleet on one connection to NATS. */
export async function openNatsLog(settings: NatsLog, opening: Opening): Promise<LogEngine> {
  const endings = createEndings();
  try {
    const nats = await openNats({ ...settings, ...opening });
    endings.push(nats.close);
    const installation = await untilAnswered(() => openNatsInstallation(nats)).catch(refusedByNats);
    const { row, fingerprints } = installation;
    const open = (incarnation?: number) => {
      const self = incarnation === undefined ? opening.self : { ...opening.self, incarnation };
      return join(nats, installation, { ...opening, self }, endings).catch(refusedByNats);
    };
    return { installation: row, fingerprints, open, close: endings.run };
  } catch (error) {
    await endings.run();
    throw error;
  }
}

/** Becomes one of the processes that share the log. */
async function join(
  nats: NatsEngine,
  installation: NatsInstallation,
  opening: Opening,
  endings: Endings,
): Promise<OpenedLog> {
  const { config, self } = opening;
  const shards = await untilAnswered(() => installation.agreeOnShards(config.shards));
  const log = await untilAnswered(() => openJetStreamEventLog({ engine: nats, shards }));
  endings.push(log.close);
  const bus = createNatsBus(nats);
  endings.push(bus.close);
  const fleet = await untilAnswered(() => openNatsFleet(nats, { ...self, shards }));
  endings.push(fleet.close);
  // Who counts the shards that all follow knows of this process from now on.
  if ((await untilAnswered(() => installation.readShards())) !== shards) {
    throw new StartError("Shards were added while this process started: start it again.");
  }
  endings.push(watchShards(installation, shards, opening));
  return { log, shards, bus, fleet, notReady: nats.notReady };
}

/** How often it is asked whether shards were added. */
const shardsMs = 5_000;

/** Conversations begin on added shards once no process runs that does not follow them; until then all goes on. */
function watchShards(installation: NatsInstallation, followed: number, { logger, metrics }: Opening): () => void {
  const added = new Gauge({
    name: "parley_shards_added",
    help: "Shards that were added since this process started: they are used once it is restarted.",
    registers: [metrics],
  });
  let last = followed;
  const look = async () => {
    const shards = (await installation.readShards().catch(() => undefined)) ?? last;
    added.set(shards - followed);
    if (shards !== last) logger.warn({ shards, followed }, "shards were added: restart this process, to use them");
    last = shards;
  };
  const timer = setInterval(() => void look(), shardsMs).unref();
  return () => clearInterval(timer);
}
