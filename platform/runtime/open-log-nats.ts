import { createNatsBus } from "#platform/bus/bus-nats.ts";
import { openNats } from "#platform/engines/nats.ts";
import { openNatsFleet } from "#platform/fleet/fleet-nats.ts";
import { openJetStreamEventLog } from "#platform/log/event-log-jetstream.ts";
import type { NatsLog } from "./config-engines.ts";
import { createEndings } from "./endings.ts";
import type { Opening } from "./engines.ts";
import { openNatsInstallation } from "./installation-nats.ts";
import type { OpenedLog } from "./open-log.ts";

/** Log, bus and fleet on one connection to NATS. */
export async function openNatsLog(settings: NatsLog, { config, self, logger, metrics }: Opening): Promise<OpenedLog> {
  const endings = createEndings();
  try {
    const nats = await openNats({ ...settings, logger, metrics });
    endings.push(nats.close);
    const installation = await openNatsInstallation(nats);
    const log = await openJetStreamEventLog({ engine: nats, shards: config.shards });
    endings.push(log.close);
    const bus = createNatsBus(nats);
    endings.push(bus.close);
    const fleet = await openNatsFleet(nats, self);
    endings.push(fleet.close);
    return { log, installation, bus, fleet, notReady: nats.notReady, close: endings.run };
  } catch (error) {
    await endings.run();
    throw error;
  }
}
