import { readFile } from "node:fs/promises";
import { connectByHttp2, createOperator, type Operator } from "@parley/sdk/node";
import { type Command, Option } from "commander";
import type { Context } from "../context.ts";
import { CommandError } from "../failures.ts";

export interface OperatorFlags {
  readonly keyFile: string;
}

/** Adds the flag that names the operator key, for commands that speak for the application itself. */
export function withOperatorKey(command: Command): Command {
  return command.addOption(
    new Option("--key-file <path>", "file that holds the operator key")
      .env("PARLEY_OPERATOR_KEY")
      .default("data/keys/operator.key"),
  );
}

/** Opens a client that is signed with the operator key. */
export async function openOperator(context: Context, { keyFile }: OperatorFlags): Promise<Operator> {
  const key = await readFile(keyFile, "utf8").catch(() => {
    throw new CommandError(`There is no operator key at ${keyFile}: name its file with --key-file.`);
  });
  return createOperator({ url: context.url, key, connect: connectByHttp2 });
}
