/** `npm run export -- <folder>` and `npm run import -- <folder>`: an installation moves to other engines. */
import { once } from "node:events";
import { resolve } from "node:path";
import { MigrationError } from "#platform/engines/migrate.ts";
import { ConfigError, readConfig } from "#platform/runtime/config.ts";
import { createLogger } from "#platform/runtime/logger.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { storeMigrations } from "./modules.ts";
import { type Exported, exportInstallation } from "./moving/export.ts";
import { type Imported, importInstallation } from "./moving/import.ts";
import { printProgress } from "./moving/progress.ts";

const usage = `Usage: npm run export -- <folder>   with the settings of the server whose data moves
       npm run import -- <folder>   with the settings of the processes to come`;

const stopping = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) void once(process, signal).then(() => stopping.abort());

try {
  console.log(await run(process.argv.slice(2)));
} catch (error) {
  const isSentence = error instanceof ConfigError || error instanceof StartError || error instanceof MigrationError;
  if (stopping.signal.aborted) console.error("Broken off. The same command goes on where it was.");
  else console.error(isSentence ? error.message : error);
  process.exitCode = 1;
}

async function run([what, named, ...more]: readonly string[]): Promise<string> {
  if (!named || more.length > 0) throw new ConfigError(usage);
  const folder = resolve(named);
  const config = readConfig(process.env);
  const progress = printProgress((line) => console.error(line));
  const common = { config, folder, progress, signal: stopping.signal };
  if (what === "export") return describeExport(await exportInstallation(common), folder);
  if (what !== "import") throw new ConfigError(usage);
  const logger = createLogger(config.logLevel);
  return describeImport(await importInstallation({ ...common, storeMigrations, logger }));
}

function describeExport({ installationId, complete, ...counts }: Exported, folder: string): string {
  return `Exported ${describe(counts)} of installation ${installationId} to ${folder}.\n${
    complete
      ? "The server stood still, so nothing is missing: import it, and do not start that server again."
      : "The server runs: import this already. Then stop the server, export to the same folder and import again."
  }`;
}

function describeImport({ installationId, complete, ...counts }: Imported): string {
  return `Imported ${describe(counts)} of installation ${installationId}.\n${
    complete
      ? "Nothing is missing: start the processes."
      : "The old server ran when this was exported: stop it, export to the same folder and import again."
  }`;
}

function describe({ rows, records, files }: Pick<Exported, "rows" | "records" | "files">): string {
  const count = (number: number) => number.toLocaleString("en");
  return `${count(rows)} rows, ${count(records)} records of the log and ${count(files)} files`;
}
