import type { Transport } from "@connectrpc/connect";
import type { Fleet } from "#platform/fleet/fleet.ts";
import { openFollowing } from "#platform/log/following-log.ts";
import { createEndings } from "./endings.ts";
import { measuredEphemeral, measureEngines } from "./engine-metrics.ts";
import type { Engines, Opening } from "./engines.ts";
import { eventually } from "./eventually.ts";
import type { Installation, InstallationRow } from "./installation.ts";
import { openEphemeral } from "./open-ephemeral.ts";
import { openLogEngine } from "./open-log.ts";
import { NoData } from "./remote-engines.ts";
import { sharedKeys } from "./shared-keys.ts";
import { StartError } from "./start-error.ts";
import { askWatermarks, otherLife, type Watermarks } from "./watermarks.ts";

/**
 * What a process stands on that shares the log with others and needs no store. `reach` makes the way to those others,
 * once it is known who they are.
 */
export async function openStorelessEngines(opening: Opening, reach: (fleet: Fleet) => Transport): Promise<Engines> {
  const { config, logger } = opening;
  const endings = createEndings();
  try {
    const logEngine = await openLogEngine(opening);
    endings.push(logEngine.close);
    const installation = await madeInstallation(logEngine.installation);
    const { keys, sealingKey } = await sharedKeys(config, logEngine.fingerprints);
    const { incarnation } = installation;
    const opened = await logEngine.open(incarnation);
    const watermarks = askWatermarks(reach(opened.fleet));
    const positions = await firstWatermarks(watermarks);
    const watermark = async (shard: number) => Number(positions[shard] ?? 0);
    const following = await openFollowing({ log: opened.log, shards: opened.shards, logger, watermark, incarnation });
    endings.push(following.close);
    endings.push(watermarks.keep(following, (told) => otherLife(told, installation)));
    const shared = await openEphemeral(opening, installation.id);
    endings.push(shared.close);
    measureEngines(opening.metrics, [
      { role: "log", kind: config.log.kind, isUp: () => opened.notReady() === undefined },
      measuredEphemeral(shared.ephemeral),
    ]);
    return {
      get store(): never {
        throw new NoData();
      },
      get checkpoints(): never {
        throw new NoData();
      },
      log: opened.log,
      bus: opened.bus,
      fleet: opened.fleet,
      ephemeral: shared.ephemeral,
      budgets: shared.budgets,
      following,
      installationId: installation.id,
      incarnation,
      keys,
      sealingKey,
      notReady: () => [opened.notReady()].filter((reason) => reason !== undefined),
      close: endings.run,
    };
  } catch (error) {
    await endings.run();
    throw error;
  }
}

/** Another process makes it: one that has the store, too. */
async function madeInstallation(row: InstallationRow): Promise<Installation> {
  const made = await eventually(async () => await row.read());
  if (made) return made;
  throw new StartError("The log is new. Start a process that has the store, too, such as PARLEY_TARGETS=chat.");
}

async function firstWatermarks(watermarks: Watermarks): Promise<bigint[]> {
  const positions = await eventually(() => watermarks.read().catch(() => undefined));
  if (positions) return positions;
  throw new StartError("No process with the target chat answers. Start one, with the same PARLEY_LOG.");
}
