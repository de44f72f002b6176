import { chatFullScreen } from "../chat/full-screen.ts";
import { chatInLines } from "../chat/plain-lines.ts";
import type { CommandDefinition } from "../context.ts";
import { openConversation } from "../lookup.ts";

export const chatCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("chat <to>")
    .summary("chat with a person, group or channel")
    .description(
      "Opens a chat: what was said before, what is said now, who types, and how far your messages came (✓ sent, ✓✓ delivered, coloured ✓✓ read). In a pipe it works line by line.",
    )
    .addHelpText(
      "after",
      "\nInside, /help lists the commands.\n\nExamples:\n  $ parley chat marvin\n  $ parley chat 'Heart of Gold'",
    )
    .action(async (to: string) => {
      const context = contextOf();
      const { io } = context;
      await context.withSession(async (parley, addresses) => {
        const conversation = await openConversation(parley, to, addresses);
        const chat = io.stdin.isTTY && io.stdout.isTTY ? chatFullScreen : chatInLines;
        await chat(context, parley, conversation);
      });
    });
};
