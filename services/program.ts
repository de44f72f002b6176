import { join } from "node:path";
import { MigrationError } from "#platform/engines/migrate.ts";
import { type Config, ConfigError, readConfig } from "#platform/runtime/config.ts";
import { inOrderOfNeeds } from "#platform/runtime/run-modules.ts";
import { StartError } from "#platform/runtime/start-error.ts";
import { asksForTelemetry } from "#platform/telemetry/start-telemetry.ts";
import { restoreBackup } from "./backup/restore.ts";
import { modules, modulesOf } from "./modules.ts";
import { recoverInstallation } from "./recovering.ts";
import { replaceSharedKey } from "./replacing-key.ts";
import { startServer } from "./server.ts";

const usage = `Usage: npm start [-- --target <list> | --check-config | --list-targets |
                  --restore <folder> [<incarnation>] | --recover [--yes] |
                  --replace-key <name>]
Settings are PARLEY_… variables of the environment; ops/parley.env.sample lists them.`;

/** The program: arguments and environment in, exit code out. */
export async function runProgram(args: string[]): Promise<void> {
  try {
    await run(args);
  } catch (error) {
    console.error(sentenceOf(error));
    process.exitCode = 1;
  }
}

async function run([flag, folder, incarnation]: string[]): Promise<void> {
  if (flag === "--target") {
    if (!folder) throw new ConfigError(`--target needs a list of modules.\n${usage}`);
    return await serve(readConfig({ ...process.env, PARLEY_TARGETS: folder }));
  }
  const config = readConfig(process.env);
  if (flag === undefined) return await serve(config);
  modulesOf(config);
  asksForTelemetry(process.env);
  if (flag === "--check-config") console.log("The settings are valid.");
  else if (flag === "--list-targets")
    console.log(
      inOrderOfNeeds(modules)
        .map(({ name }) => name)
        .join("\n"),
    );
  else if (flag === "--restore" && folder) await restore(config, folder, incarnation);
  else if (flag === "--recover" && (!folder || folder === "--yes"))
    console.log(await recoverInstallation(config, folder === "--yes"));
  else if (flag === "--replace-key" && folder) console.log(await replaceSharedKey(config, folder));
  else throw new ConfigError(`There is no flag ${flag}.\n${usage}`);
}

async function restore(config: Config, folder: string, named?: string): Promise<void> {
  const { installationId, incarnation, files } = await restoreBackup(
    config,
    folder,
    named === undefined ? undefined : Number(named),
  );
  console.log(`Restored ${files} files of installation ${installationId}; incarnation ${incarnation} begins.`);
}

async function serve(config: Config): Promise<void> {
  const server = await startServer(config);
  console.log(`Parley is ready at ${server.url}\n${describe(config)}`);
  const stop = () => {
    console.log("Parley is stopping …");
    void server.stop().then(() => console.log("Parley has stopped."));
  };
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
}

function describe({ peers, targets, dataDir, keysDir }: Config): string {
  if (peers) return `  gateway of    ${peers}`;
  const what = targets === "all" ? `  data          ${dataDir}` : `  targets       ${targets.join(", ")}`;
  return `${what}\n  operator key  ${join(keysDir, "operator.key")}`;
}

/** What the operator reads: a sentence where the cause is theirs to mend, else the whole error. */
function sentenceOf(error: unknown): unknown {
  if (error instanceof ConfigError || error instanceof StartError || error instanceof MigrationError) {
    return error.message;
  }
  return error;
}
