import { HistoryPolicy, PostingPolicy } from "@parley/sdk";
import type { CommandDefinition } from "../context.ts";
import { findPeople } from "../lookup.ts";

export const channelCommands: CommandDefinition = (program, contextOf) => {
  const channel = program.command("channel").description("Channels: any number of readers.");
  channel
    .command("create <name> [handles...]")
    .description("Makes a channel that only you and its admins post to, and prints its id.")
    .option("--open", "every member may post")
    .addHelpText(
      "after",
      '\nExample:\n  $ parley channel create "Ship news" trillian marvin\n  $ parley group add "Ship news" arthur',
    )
    .action(async (name: string, handles: string[], options: { readonly open?: boolean }) => {
      const { io, withSession } = contextOf();
      await withSession(async (parley) => {
        const memberIds = await findPeople(parley, handles);
        const posting = options.open ? PostingPolicy.MEMBERS : PostingPolicy.ADMINS;
        const history = HistoryPolicy.FROM_START;
        const { conversationId } = await parley.conversations.createChannel({ name, memberIds, posting, history });
        io.stdout.write(`${conversationId}\n`);
      });
    });
};
