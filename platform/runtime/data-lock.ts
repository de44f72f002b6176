import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StartError } from "./start-error.ts";

/** Holds a data folder for this process. Releasing it twice is harmless. */
export interface DataLock {
  release(): void;
}

/**
 * Takes the data folder, making it for its owner alone where there is none. The lock is SQLite's own on `lock.db`, which the kernel frees
 * when the process ends, however it ends. Throws StartError where another process holds it.
 */
export function takeDataLock(dataDir: string): DataLock {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(join(dataDir, "lock.db"));
  try {
    db.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (error) {
    db.close();
    throw new StartError(`Another Parley process uses the data in ${dataDir}. Stop it, or set PARLEY_DATA.`, {
      cause: error,
    });
  }
  return {
    release() {
      if (db.isOpen) db.close();
    },
  };
}
