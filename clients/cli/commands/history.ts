import { InvalidArgumentError } from "commander";
import type { CommandDefinition } from "../context.ts";
import { findConversation } from "../lookup.ts";
import { messageJson } from "../message-json.ts";
import { messageLine } from "../message-line.ts";
import { createNames } from "../names.ts";
import { writeLine } from "../terminal/io.ts";
import { jsonLine } from "../terminal/json-line.ts";

export const historyCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("history <to>")
    .summary("print the last messages")
    .description("Prints the last messages of a conversation, the earliest first.")
    .option("--limit <count>", "how many messages", readCount, 50)
    .option("--before <seq>", "only messages before this number", readSeq)
    .option("--json", "one JSON object a line")
    .addHelpText("after", "\nExample:\n  $ parley history marvin --json --limit 1000 | jq -r .text")
    .action(async (to: string, options: HistoryOptions) => {
      const { io, paint, withSession } = contextOf();
      await withSession(async (parley, addresses) => {
        const { conversationId } = await findConversation(parley, to, addresses);
        const { limit, before } = options;
        const range = before === undefined ? { limit } : { limit, beforeSeq: before };
        const messages = await parley.conversations.history(conversationId, range);
        const names = createNames(parley);
        await names.load(messages.map((message) => message.authorId));
        for (const message of messages) {
          const name = names.of(message.authorId);
          const line = options.json ? jsonLine(messageJson(message, name)) : messageLine(message, name, paint);
          if (!(await writeLine(io.stdout, line))) return;
        }
      });
    });
};

interface HistoryOptions {
  readonly limit: number;
  readonly before?: bigint;
  readonly json?: boolean;
}

/** A whole number from 1. */
function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError("It must be a whole number from 1.");
  return count;
}

function readSeq(text: string): bigint {
  return BigInt(readCount(text));
}
