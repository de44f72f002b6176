import { resolve } from "node:path";
import type { Command } from "commander";
import type { CommandDefinition, Context } from "../context.ts";
import { CommandError } from "../failures.ts";
import { openChannel } from "../import/channel.ts";
import { startImportBar } from "../import/import-bar.ts";
import { listIrcFiles } from "../import/irc-folder.ts";
import { type OperatorFlags, openOperator, withOperatorKey } from "../import/operator.ts";
import { type ImportSummary, runImport } from "../import/run-import.ts";
import { runMovingProgram } from "../server-program.ts";
import { writeLine } from "../terminal/io.ts";

interface Flags extends OperatorFlags {
  readonly channel: string;
}

/** `parley import irc <folder>` and `parley import installation <folder>`. */
export const importCommand: CommandDefinition = (program, contextOf) => {
  const group: Command = program.command("import").description("bring conversations over from other systems");
  const irc = group
    .command("irc")
    .description("bring a channel over from its logs, files named YYYY-MM-DD.txt; once or more often, it is there once")
    .argument("<folder>", "folder with the logs")
    .option("--channel <name>", "name of the channel", "#ubuntu");
  withOperatorKey(irc).action((folder: string, flags: Flags) => importIrc(contextOf(), folder, flags));
  group
    .command("installation")
    .description(
      "bring over what `parley export` has copied; the settings of the processes to come are in the environment",
    )
    .argument("<folder>", "folder with the export")
    .action((folder: string) => runMovingProgram(contextOf().io, ["import", resolve(folder)]));
};

async function importIrc(context: Context, folder: string, flags: Flags): Promise<void> {
  const { channel } = flags;
  const files = await listIrcFiles(folder).catch(() => []);
  const [first] = files;
  if (!first) throw new CommandError(`There are no files named YYYY-MM-DD.txt in ${folder}.`);
  await using operator = await openOperator(context, flags);
  const conversationId = await openChannel(operator, channel, first.dayMs);
  const bar = startImportBar(
    context.io,
    files.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const options = { channel, conversationId, files, signal: context.io.signal, onProgress: bar.show };
  const summary = await runImport(operator, options).finally(bar.stop);
  await writeLine(context.io.stdout, describe(summary, channel, conversationId));
}

function describe(summary: ImportSummary, channel: string, conversationId: string): string {
  const { lines, seconds, empty, wordless, unknown } = summary;
  return [
    `${channel} is conversation ${conversationId}.`,
    `  ${summary.added} events added, ${summary.alreadyThere} already there; ${summary.people} people`,
    `  ${summary.messages} messages, ${summary.renames} renames, ${summary.joins} joins and ${summary.leaves} leaves,`,
    `  ${summary.impliedJoins} joins of people who spoke without`,
    `  skipped: ${summary.unchanged} joins and leaves that change nothing, ${empty} empty lines,`,
    `  ${wordless} without words, ${unknown} not understood`,
    ...(summary.cut > 0 ? [`  ${summary.cut} messages were too long and are cut`] : []),
    `  ${lines} lines in ${seconds.toFixed(1)} s: ${Math.round(lines / seconds)} lines/s`,
  ].join("\n");
}
