import type { Config } from "#platform/runtime/config.ts";
import { StartError } from "#platform/runtime/start-error.ts";

/** The databases of an installation that is kept in files. Throws StartError for one that is not. */
export function dataFilesOf({ store, log }: Pick<Config, "store" | "log">): { store: string; log: string } {
  if (store.kind === "sqlite" && log.kind === "sqlite") return { store: store.path, log: log.path };
  throw new StartError("A backup is of data in files. Use the engines' own means, or `npm run export` and `import`.");
}
