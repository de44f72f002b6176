import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ConversationKind, HistoryPolicy, type Operator, PostingPolicy } from "@parley/sdk";
import { namedId } from "./irc-ids.ts";

/**
 * The conversation that a channel becomes; the first import makes it, as of the day of its first log. Its owner is an
 * account for the channel itself, which no nick is. Later members see everything that was imported.
 */
export async function openChannel(operator: Operator, channel: string, beginMs: number): Promise<string> {
  const { conversationId } = await operator.chat.importConversation({
    clientId: namedId(`channel of irc:${channel}`),
    ownerId: await channelOwner(operator, channel),
    kind: ConversationKind.CHANNEL,
    name: channel,
    posting: PostingPolicy.MEMBERS,
    history: HistoryPolicy.FROM_START,
    time: timestampFromMs(beginMs),
  });
  return conversationId;
}

/** The account that owns a channel. */
export async function channelOwner(operator: Operator, channel: string): Promise<string> {
  const accounts = [{ externalId: `irc:${channel}`, displayName: channel }];
  const { userIds } = await operator.auth.createAccounts({ accounts });
  return userIds[0] ?? "";
}
