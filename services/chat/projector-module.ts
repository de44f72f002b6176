import type { Boot, Module, ModuleDefinition } from "#platform/runtime/module.ts";
import { watchBatches } from "./projector/batch-watch.ts";
import { followCheckpoints } from "./projector/follow-checkpoints.ts";
import { startProjector } from "./projector/projector.ts";
import { verifyCheckpoints } from "./projector/verify-checkpoints.ts";
import { openChatStores } from "./stores/open-stores.ts";

/** Writes the log into the store: as many processes as wanted, which share the shards. */
export const projectorModule: ModuleDefinition = {
  name: "projector",
  needs: [],
  follows: true,
  start: startProjecting,
};

async function startProjecting(boot: Boot): Promise<Module> {
  const { following, fleet, checkpoints } = boot;
  await verifyCheckpoints(checkpoints, following, boot.log);
  const watch = watchBatches({ ...boot, logSystem: boot.config.log.kind });
  const projector = startProjector({ ...boot, ...openChatStores(boot.store), leases: fleet.leases, watch });
  const unfollow = followCheckpoints({ ...boot, isProjectedHere: projector.holds });
  return {
    notReady: () => projector.failing(),
    async stop() {
      unfollow();
      await projector.stop();
    },
  };
}
