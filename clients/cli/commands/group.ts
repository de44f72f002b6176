import { HistoryPolicy } from "@parley/sdk";
import type { CommandDefinition } from "../context.ts";
import { findConversation, findPeople } from "../lookup.ts";

export const groupCommands: CommandDefinition = (program, contextOf) => {
  const group = program.command("group").description("Groups: people who all talk to each other.");
  group
    .command("create <name> <handles...>")
    .description("Makes a group of you and others, and prints its id.")
    .option("--show-history", "people added later see what was said before")
    .addHelpText("after", '\nExample:\n  $ parley group create "Heart of Gold" trillian marvin')
    .action(async (name: string, handles: string[], options: { readonly showHistory?: boolean }) => {
      const { io, withSession } = contextOf();
      await withSession(async (parley) => {
        const memberIds = await findPeople(parley, handles);
        const history = options.showHistory ? HistoryPolicy.FROM_START : HistoryPolicy.FROM_JOIN;
        const { conversationId } = await parley.conversations.createGroup({ name, memberIds, history });
        io.stdout.write(`${conversationId}\n`);
      });
    });
  group
    .command("add <group> <handles...>")
    .description("Adds people to a group or channel.")
    .action(async (to: string, handles: string[]) => {
      await contextOf().withSession(async (parley, addresses) => {
        const { conversationId } = await findConversation(parley, to, addresses);
        await parley.conversations.addMembers(conversationId, await findPeople(parley, handles));
      });
    });
};
