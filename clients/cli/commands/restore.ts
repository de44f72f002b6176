import { resolve } from "node:path";
import type { CommandDefinition } from "../context.ts";
import { runServerProgram } from "../server-program.ts";

/** `parley restore <folder>`. */
export const restoreCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("restore <folder>")
    .summary("put a backup where a server will find it")
    .description(
      "Puts a backup into the data folder of a server that is not running. There must be no data yet. The log begins " +
        "its next life: clients drop what the backup does not hold.",
    )
    .option("--data <folder>", "data folder of the server (PARLEY_DATA)")
    .option("--incarnation <number>", "the life of the log that begins, where the folder can't keep count")
    .addHelpText("after", "\nExample:\n  $ parley restore backups/2026-11-21 --data ./data")
    .action(async (folder: string, { data, incarnation }: { data?: string; incarnation?: string }) => {
      const args = ["--restore", resolve(folder), ...(incarnation ? [incarnation] : [])];
      await runServerProgram(contextOf().io, args, data);
    });
};
