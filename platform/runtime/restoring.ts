import { existsSync } from "node:fs";
import { StartError } from "./start-error.ts";

/** What a database is called while a restore writes it: it takes its name only once it is complete. */
export function restoringPath(path: string): string {
  return `${path}.restoring`;
}

/** What SQLite keeps beside a database. A log that was left there is applied to whatever takes the database's place. */
export function companionsOf(path: string): string[] {
  return [`${path}-wal`, `${path}-shm`];
}

/** Throws StartError where a restore was killed: going on would begin anew, with the keys of what was to be restored. */
export function refuseHalfRestored(paths: readonly string[]): void {
  for (const path of paths) {
    if (!existsSync(restoringPath(path))) continue;
    throw new StartError(`A restore did not finish: ${restoringPath(path)} is left. Restore again, or remove it.`);
  }
}
