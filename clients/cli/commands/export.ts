import { resolve } from "node:path";
import type { CommandDefinition } from "../context.ts";
import { runMovingProgram } from "../server-program.ts";

/** `parley export <folder>`. */
export const exportCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("export <folder>")
    .summary("copy an installation, to move it to other engines")
    .description(
      "Copies the installation of a server on files into a folder, from which `parley import installation` brings it to " +
        "engines that processes share. The server may run: export again to the same folder, once it stands, for the " +
        "rest. The server's settings are taken from the environment.",
    )
    .option("--data <folder>", "data folder of the server (PARLEY_DATA)")
    .addHelpText("after", "\nExample:\n  $ parley export ./moving --data ./data")
    .action(async (folder: string, { data }: { data?: string }) => {
      await runMovingProgram(contextOf().io, ["export", resolve(folder)], data);
    });
};
