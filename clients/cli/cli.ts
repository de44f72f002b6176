import { Command, CommanderError } from "commander";
import { commands } from "./commands/index.ts";
import { createContext, defaultUrl } from "./context.ts";
import { exitCodes, explain } from "./failures.ts";
import type { Io } from "./terminal/io.ts";

const description = `Parley in the terminal.

A profile is a folder: two terminals with two --home folders are two people.`;

const examples = `
Environment:
  PARLEY_URL             the server, where --url is not given
  PARLEY_HOME            the profile's folder, where --home is not given
  NO_COLOR               set to anything: no colours

Exit codes:
  0 done · 1 failed · 2 wrong usage · 3 not signed in · 4 no server answers

Examples:
  $ parley register marvin
  $ parley chat trillian
  $ echo "Life. Don't talk to me about life." | parley send trillian
  $ parley history trillian --json | jq .text`;

/** Runs one command line; resolves with the exit code. */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  const program = createProgram(io);
  const context = () => createContext(io, program.opts());
  for (const define of commands) define(program, context);
  inheritOutput(program);
  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (io.signal.aborted) return exitCodes.failure;
    const { exitCode, sentence } = explain(error, program.opts().url ?? io.env.PARLEY_URL ?? defaultUrl);
    io.stderr.write(`parley: ${sentence}\n`);
    return exitCode;
  }
}

function createProgram(io: Io): Command {
  return new Command("parley")
    .description(description)
    .option("--url <url>", `the server (default: ${defaultUrl})`)
    .option("--home <folder>", "the profile's folder (default: ~/.parley)")
    .addHelpText("after", examples)
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError("(parley --help tells more)")
    .exitOverride();
}

/** Commands that were added share the program's streams, and throw instead of ending the process. */
function inheritOutput(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inheritOutput(child);
  }
}
