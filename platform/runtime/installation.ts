import { randomUUID } from "node:crypto";
import { StartError } from "./start-error.ts";

/** Which installation an engine belongs to, and which life of the log it has seen. */
export interface Installation {
  readonly id: string;
  /** 0 tells that the installation is still being made. */
  readonly incarnation: number;
}

/** The one row in which an engine keeps which installation it belongs to. */
export interface InstallationRow {
  /** The row, or undefined where the engine is new. */
  read(): Promise<Installation | undefined>;
  /** Writes the row if it is still as `expected`. False: somebody else was faster, and nothing changed. */
  replace(expected: Installation | undefined, installation: Installation): Promise<boolean>;
}

/** What the store's row says until an import has brought everything, before who imports. */
export function importingId(id: string): string {
  return `importing ${id}`;
}

/** How often processes that make an installation at the same time may be in each other's way. */
const maxTries = 20;

/**
 * The installation that store and log both belong to; makes it where both are new. Throws StartError where they are of
 * different installations, or one was lost. A crash at any point of the making is repaired by the next call; of many
 * processes that make it at once, all get the same.
 */
export async function tieInstallation(store: InstallationRow, log: InstallationRow): Promise<Installation> {
  for (let tries = 0; tries < maxTries; tries++) {
    const { inStore, inLog } = await readBoth(store, log);
    if ((!inStore && !inLog) || inStore?.incarnation === 0) await makeStep(store, log, inStore, inLog);
    else return tied(inStore, inLog);
  }
  throw new StartError("Other processes keep changing which installation this is. Start this one again.");
}

/**
 * What both say, while others may be making the installation: the log is written after the store, so that it is read
 * after it; and a store that was empty then may not be any more.
 */
async function readBoth(store: InstallationRow, log: InstallationRow) {
  const before = await store.read();
  const inLog = await log.read();
  return { inStore: before ?? (inLog && (await store.read())), inLog };
}

/** One more step of the making; each is conditional on what was read, so a late one changes nothing. */
async function makeStep(store: InstallationRow, log: InstallationRow, inStore?: Installation, inLog?: Installation) {
  if (!inStore) return await store.replace(undefined, { id: randomUUID(), incarnation: 0 });
  const { id } = inStore;
  if (!inLog) return await log.replace(undefined, { id, incarnation: 1 });
  if (inLog.id !== id) throw new StartError("Log and store belong to different installations.");
  return await store.replace(inStore, { id, incarnation: inLog.incarnation });
}

function tied(inStore: Installation | undefined, inLog: Installation | undefined): Installation {
  if (inStore?.id.startsWith(importingId("")))
    throw new StartError(
      "An import has not brought everything yet: export once the old server stands, and import again.",
    );
  if (!inLog)
    throw new StartError("The store is in use but the log is empty: the log was lost. Restore a backup, or recover.");
  if (!inStore) throw new StartError("The log is in use but the store is empty: the store was lost. Restore a backup.");
  if (inStore.id !== inLog.id) throw new StartError("Log and store belong to different installations.");
  if (inStore.incarnation !== inLog.incarnation) {
    throw new StartError(
      `Log (incarnation ${inLog.incarnation}) and store (${inStore.incarnation}) are of different times of the same ` +
        "installation, or a recovery broke off. Restore a backup, or recover.",
    );
  }
  return inStore;
}
