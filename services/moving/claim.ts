import { uuidv7 } from "#platform/runtime/ids.ts";
import { type Installation, type InstallationRow, importingId } from "#platform/runtime/installation.ts";
import { StartError } from "#platform/runtime/start-error.ts";

/** The rows of a target's store and log. */
export interface ClaimedRows {
  readonly store: InstallationRow;
  readonly log: InstallationRow;
}

/**
 * Takes a new target for an installation, so that no server starts on half of it, and returns what tells this target
 * from all others; undefined where the installation is there, whole. Throws StartError where another one is.
 */
export async function claimTarget(
  { store, log }: ClaimedRows,
  installation: Installation,
): Promise<string | undefined> {
  const [inStore, inLog] = [await store.read(), await log.read()];
  if (isSame(inStore, installation) && isSame(inLog, installation)) return undefined;
  const claim = claimOf(inStore, installation);
  if (claim !== undefined && (!inLog || isSame(inLog, installation))) {
    if (!inLog) await take(log, undefined, installation);
    return claim;
  }
  if (inStore || inLog) {
    throw new StartError(
      "The target holds another installation, or another time of this one: name a new keyspace in PARLEY_STORE and a " +
        "new name in PARLEY_LOG.",
    );
  }
  const own = uuidv7();
  await take(store, undefined, importing(installation, own));
  await take(log, undefined, installation);
  return own;
}

/** From here on servers start on it. */
export async function releaseTarget({ store }: ClaimedRows, installation: Installation, claim: string): Promise<void> {
  await take(store, importing(installation, claim), installation);
}

async function take(row: InstallationRow, from: Installation | undefined, to: Installation): Promise<void> {
  if (await row.replace(from, to)) return;
  throw new StartError("Somebody else writes to the target: see that no server and no other import runs on it.");
}

function importing({ id, incarnation }: Installation, claim: string): Installation {
  return { id: `${importingId(id)} ${claim}`, incarnation };
}

function claimOf(inStore: Installation | undefined, { id, incarnation }: Installation): string | undefined {
  const start = `${importingId(id)} `;
  return inStore?.incarnation === incarnation && inStore.id.startsWith(start)
    ? inStore.id.slice(start.length)
    : undefined;
}

function isSame(one: Installation | undefined, other: Installation): boolean {
  return one?.id === other.id && one.incarnation === other.incarnation;
}
