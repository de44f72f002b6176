import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { CommandDefinition } from "../context.ts";
import { CommandError } from "../failures.ts";

const checkout = fileURLToPath(new URL("../../../", import.meta.url));
const serverProgram = join(checkout, "services", "main.ts");

/** `parley restore <folder>`: the server's own program does it, where the server would run. */
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
      const { io } = contextOf();
      const env = { ...io.env, ...(data ? { PARLEY_DATA: resolve(data) } : {}) };
      const args = [serverProgram, "--restore", resolve(folder), ...(incarnation ? [incarnation] : [])];
      const child = spawn(process.execPath, args, { env, stdio: "pipe" });
      child.stdout.pipe(io.stdout, { end: false });
      child.stderr.pipe(io.stderr, { end: false });
      const [code] = await once(child, "close");
      if (code !== 0) throw new CommandError("Nothing was restored.");
    });
};
