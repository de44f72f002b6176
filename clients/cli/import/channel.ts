import {
  type Connect,
  ConversationKind,
  createMemoryStorage,
  createParley,
  HistoryPolicy,
  type Operator,
  PostingPolicy,
} from "@parley/sdk";
import { namedId } from "./irc-ids.ts";

export interface ChannelOptions {
  readonly url: string;
  readonly connect: Connect;
  readonly channel: string;
}

/**
 * The conversation that a channel becomes, made by the first import. Its owner is an account of the importer's, which
 * no nick is. Later members see everything that was imported.
 */
export async function openChannel(operator: Operator, options: ChannelOptions): Promise<string> {
  const { url, connect, channel } = options;
  const accounts = [{ externalId: `irc:${channel}`, displayName: channel }];
  const { userIds } = await operator.auth.createAccounts({ accounts });
  const device = { id: namedId(`device of irc:${channel}`), name: "parley import" };
  const { session } = await operator.auth.issueSession({ userId: userIds[0] ?? "", device });
  await using owner = await createParley({ url, connect, storage: createMemoryStorage() });
  if (session) await owner.adoptSession(session);
  const { conversation } = await owner.services.chat.createConversation({
    clientId: namedId(`channel of irc:${channel}`),
    kind: ConversationKind.CHANNEL,
    name: channel,
    posting: PostingPolicy.MEMBERS,
    history: HistoryPolicy.FROM_START,
  });
  return conversation?.conversationId ?? "";
}
