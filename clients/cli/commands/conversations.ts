import { type Conversation, ConversationKind } from "@parley/sdk";
import type { CommandDefinition } from "../context.ts";
import { createNames, titleOf } from "../names.ts";
import { writeLine } from "../terminal/io.ts";
import { jsonLine } from "../terminal/json-line.ts";
import { formatTable } from "../terminal/table.ts";

export const conversationsCommand: CommandDefinition = (program, contextOf) => {
  program
    .command("conversations")
    .description("Lists your conversations, those with the latest event first.")
    .option("--json", "one JSON object a line")
    .action(async (options: { readonly json?: boolean }) => {
      const { io, withSession } = contextOf();
      await withSession(async (parley) => {
        const conversations: Conversation[] = [];
        for await (const conversation of parley.conversations.list()) conversations.push(conversation);
        const names = createNames(parley);
        await names.load(conversations.map((conversation) => conversation.peerId));
        const rows = conversations.map((conversation) => ({
          id: conversation.conversationId,
          kind: kindName(conversation.kind),
          name: titleOf(conversation, names),
          members: conversation.memberCount,
          unread: unreadText(conversation),
        }));
        const lines = options.json ? rows.map((row) => jsonLine(row)) : formatTable(rows);
        for (const line of lines) if (!(await writeLine(io.stdout, line))) return;
      });
    });
};

export function kindName(kind: ConversationKind): string {
  return ConversationKind[kind].toLowerCase();
}

/** "3", or "9999+" where there are more than are counted. */
export function unreadText({ unread }: Conversation): string {
  return `${unread?.count ?? 0}${unread?.more ? "+" : ""}`;
}
