import { writeFile } from "node:fs/promises";
import type { CommandDefinition } from "../context.ts";
import { CommandError, UsageError } from "../failures.ts";
import { createProgress } from "../terminal/progress.ts";

export const downloadCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("download <id> <file>")
    .summary("fetch a file")
    .description('Fetches a file by its id into a new file, or to standard output where that is "-".')
    .option("--message <seq>", "the message that shows it; needed where it was uploaded before you joined")
    .addHelpText("after", "\nExample:\n  $ parley download 0198c0de-0000-7000-8000-000000000000 cat.png")
    .action(async (id: string, path: string, { message }: { message?: string }) => {
      const { io, withSession } = contextOf();
      await withSession(async (parley) => {
        const progress = createProgress(io, "download");
        const messageSeq = readSeq(message);
        const transfer = { onProgress: progress.update, signal: io.signal, messageSeq };
        const { data } = await parley.media.download(id, transfer).finally(progress.stop);
        if (path === "-") return void io.stdout.write(data);
        await writeFile(path, data, { flag: "wx" }).catch((error) => {
          throw error.code === "EEXIST" ? new CommandError(`There is a file ${path} already.`) : error;
        });
      });
    });
};

function readSeq(text = "0"): bigint {
  if (!/^\d{1,18}$/u.test(text)) throw new UsageError(`"${text}" is not the number of a message.`);
  return BigInt(text);
}
