import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ContentSchema,
  type Conversation,
  ConversationKind,
  type HistoryPolicy,
  type Marks,
  type Member,
  type Message,
  type PostingPolicy,
  type Unread,
} from "./contract.ts";
import type { Services } from "./services.ts";

/** What a new group or channel is like. */
export interface NewConversation {
  readonly name: string;
  /** At most 100; add others with `addMembers`. */
  readonly memberIds?: readonly string[];
  readonly posting?: PostingPolicy;
  readonly history?: HistoryPolicy;
}

/** Which messages to read: the last ones, or those on one side of a `seq`. */
export interface HistoryRange {
  readonly beforeSeq?: bigint;
  readonly afterSeq?: bigint;
  /** 50 where it is not set. */
  readonly limit?: number;
}

/** Conversations as the signed-in user sees them. Reads see what this client's changes did. */
export interface Conversations {
  /** Those with the latest event first, as many as are taken. */
  list(): AsyncGenerator<Conversation>;
  get(conversationId: string): Promise<Conversation>;
  /** The conversation with one other person; made where there is none. */
  direct(userId: string): Promise<Conversation>;
  createGroup(options: NewConversation): Promise<Conversation>;
  createChannel(options: NewConversation): Promise<Conversation>;
  members(conversationId: string): AsyncGenerator<Member>;
  addMembers(conversationId: string, userIds: readonly string[]): Promise<void>;
  removeMember(conversationId: string, userId: string): Promise<void>;
  /** Messages as they are now, the earliest first. */
  history(conversationId: string, range?: HistoryRange): Promise<Message[]>;
  edit(conversationId: string, seq: bigint, content: MessageInitShape<typeof ContentSchema>): Promise<void>;
  delete(conversationId: string, seq: bigint): Promise<void>;
  /** Returns what is unread then. */
  markRead(conversationId: string, seq: bigint): Promise<Unread | undefined>;
  markDelivered(conversationId: string, seq: bigint): Promise<void>;
  marks(conversationId: string): Promise<Marks[]>;
  /** Repeat it every 3 s while the user types. */
  setTyping(conversationId: string, typing: boolean): Promise<void>;
}

/** Most messages in one answer. */
const maxMessages = 200;

/**
 * @example
 * for await (const { name, unread } of parley.conversations.list()) console.log(name, unread?.count);
 */
export function createConversations({ chat, presence }: Pick<Services, "chat" | "presence">): Conversations {
  const make = async (kind: ConversationKind, options: Partial<NewConversation>) => {
    const { memberIds = [], ...others } = options;
    const { conversation } = await chat.createConversation({ kind, memberIds: [...memberIds], ...others });
    return required(conversation);
  };
  return {
    async *list() {
      let pageToken = "";
      do {
        const page = await chat.listConversations({ pageSize: 100, pageToken });
        yield* page.conversations;
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    get: async (conversationId) => required((await chat.getConversation({ conversationId })).conversation),
    direct: (userId) => make(ConversationKind.DIRECT, { memberIds: [userId] }),
    createGroup: (options) => make(ConversationKind.GROUP, options),
    createChannel: (options) => make(ConversationKind.CHANNEL, options),
    async *members(conversationId) {
      let pageToken = "";
      do {
        const page = await chat.listMembers({ conversationId, pageSize: 1000, pageToken });
        yield* page.members;
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
    },
    async addMembers(conversationId, userIds) {
      await chat.addMembers({ conversationId, userIds: [...userIds] });
    },
    async removeMember(conversationId, userId) {
      await chat.removeMember({ conversationId, userId });
    },
    history: (conversationId, range = {}) => readHistory(chat, conversationId, range),
    async edit(conversationId, targetSeq, content) {
      await chat.editMessage({ conversationId, targetSeq, content });
    },
    async delete(conversationId, targetSeq) {
      await chat.deleteMessage({ conversationId, targetSeq });
    },
    markRead: async (conversationId, readSeq) => (await chat.setMarks({ conversationId, readSeq })).unread,
    async markDelivered(conversationId, deliveredSeq) {
      await chat.setMarks({ conversationId, deliveredSeq });
    },
    marks: async (conversationId) => (await chat.listMarks({ conversationId })).marks,
    async setTyping(conversationId, typing) {
      await presence.setTyping({ conversationId, typing });
    },
  };
}

async function readHistory(chat: Services["chat"], conversationId: string, range: HistoryRange): Promise<Message[]> {
  const forward = range.afterSeq !== undefined;
  const limit = range.limit ?? 50;
  const messages: Message[] = [];
  let seq = range.afterSeq ?? range.beforeSeq ?? 0n;
  for (let more = true; more && messages.length < limit; ) {
    const pageSize = Math.min(maxMessages, limit - messages.length);
    const anchor = forward ? { case: "afterSeq" as const, value: seq } : { case: "beforeSeq" as const, value: seq };
    const page = await chat.listMessages({ conversationId, anchor, pageSize });
    messages.push(...page.messages);
    seq = messages.at(-1)?.seq ?? seq;
    more = page.more && page.messages.length > 0;
  }
  return forward ? messages : messages.reverse();
}

function required(conversation: Conversation | undefined): Conversation {
  if (!conversation) throw new Error("the server answered without a conversation");
  return conversation;
}
