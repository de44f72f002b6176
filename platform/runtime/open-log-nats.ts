import { createNatsBus } from "#platform/bus/bus-nats.ts";
import { openNats } from "#platform/engines/nats.ts";
import { untilAnswered } from "#platform/engines/nats-patience.ts";
import { openNatsFleet } from "#platform/fleet/fleet-nats.ts";
import { openJetStreamEventLog } from "#platform/log/event-log-jetstream.ts";
import type { NatsLog } from "./config-engines.ts";
import { createEndings } from "./endings.ts";
import type { Opening } from "./engines.ts";
import { type NatsInstallation, openNatsInstallation } from "./installation-nats.ts";
import type { OpenedLog } from "./open-log.ts";

/** Log, bus and fleet on one connection to NATS. */
export async function openNatsLog(settings: NatsLog, { config, self, logger, metrics }: Opening): Promise<OpenedLog> {
  const endings = createEndings();
  try {
    const nats = await openNats({ ...settings, logger, metrics });
    endings.push(nats.close);
    const installation = await untilAnswered(() => openNatsInstallation(nats));
    const shards = await untilAnswered(() => installation.agreeOnShards(config.shards));
    const log = await untilAnswered(() => openJetStreamEventLog({ engine: nats, shards }));
    endings.push(log.close);
    const bus = createNatsBus(nats);
    endings.push(bus.close);
    const fleet = await untilAnswered(() => openNatsFleet(nats, self));
    endings.push(fleet.close);
    const growth = watchShards(installation, shards);
    endings.push(growth.stop);
    const notReady = () => nats.notReady() ?? growth.notReady();
    const { row, fingerprints } = installation;
    return { log, shards, installation: row, fingerprints, bus, fleet, notReady, close: endings.run };
  } catch (error) {
    await endings.run();
    throw error;
  }
}

/** How often it is asked whether shards were added. */
const shardsMs = 5_000;

/** A process that follows fewer shards than there are must not go on: it would miss what is said on the others. */
function watchShards(installation: NatsInstallation, followed: number) {
  let shards = followed;
  const look = async () => {
    shards = (await installation.readShards()) ?? shards;
  };
  const timer = setInterval(() => void look(), shardsMs).unref();
  return {
    notReady: () =>
      shards === followed
        ? undefined
        : `There are ${shards} shards now, and this process follows ${followed}: restart it.`,
    stop: () => clearInterval(timer),
  };
}
