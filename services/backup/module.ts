import { rm } from "node:fs/promises";
import { join } from "node:path";
import { BackupService } from "#gen/parley/backup/v1/backup_pb.js";
import type { ModuleDefinition } from "#platform/runtime/module.ts";
import { backupErrors } from "./errors.ts";
import { DamagedCopy } from "./log-cut.ts";
import { makeBackup } from "./make-backup.ts";

/** Copies of the whole installation, for the operator. */
export const backupModule: ModuleDefinition = {
  name: "backup",
  needs: ["chat", "media"],
  async start(boot) {
    const { snapshots } = boot;
    if (!snapshots) throw new Error("there are no files to copy");
    const folder = join(boot.config.dataDir, "backup-in-progress");
    // A process that was killed while it made a backup left a copy of everything.
    await rm(folder, { recursive: true, force: true });
    let running = false;
    boot.serve(BackupService, {
      async *createBackup(_request, context) {
        if (running) throw backupErrors.RUNNING();
        running = true;
        try {
          const signal = AbortSignal.any([context.signal, boot.signal]);
          yield* makeBackup({ ...boot, snapshots }, folder, signal);
        } catch (error) {
          if (error instanceof DamagedCopy) throw backupErrors.DAMAGED({ message: error.message, cause: error });
          throw error;
        } finally {
          running = false;
        }
      },
    });
    return { stop: async () => undefined };
  },
};
