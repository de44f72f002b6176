import type { CommandDefinition } from "../context.ts";
import { runServerProgram } from "../server-program.ts";

/** `parley recover`. */
export const recoverCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("recover")
    .summary("go on without what a log has lost")
    .description(
      "Where the log of a server does not hold what its store has applied, its shard is stopped. This tells what is " +
        "lost and, with --yes, begins the log's next life on what the store holds, without a backup. Stop every process " +
        "first; the server's settings are taken from the environment.",
    )
    .option("--data <folder>", "data folder of the server (PARLEY_DATA)")
    .option("--yes", "begin; without it nothing is changed")
    .addHelpText("after", "\nExample:\n  $ parley recover --data ./data\n  $ parley recover --data ./data --yes")
    .action(async ({ data, yes }: { data?: string; yes?: boolean }) => {
      await runServerProgram(contextOf().io, ["--recover", ...(yes ? ["--yes"] : [])], data);
    });
};
