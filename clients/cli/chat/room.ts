import { create } from "@bufbuild/protobuf";
import {
  ContentSchema,
  type Conversation,
  ConversationKind,
  type Parley,
  Role,
  Status,
  type SyncEvent,
} from "@parley/sdk";
import { explain } from "../failures.ts";
import type { Names } from "../names.ts";
import { createMarker, type Marker } from "./marker.ts";
import { type ChatInput, type ChatState, createChatState, lastOwn, lastSeq, reduceChat } from "./model.ts";
import { namedIn, noticeOf } from "./notices.ts";

/** One conversation that somebody looks at: what it holds, kept true by the stream, and what can be done in it. */
export interface Room {
  readonly state: ChatState;
  /** Resolves once history is there. */
  readonly loaded: Promise<void>;
  /** Follows the stream until the signal aborts. */
  follow(signal: AbortSignal): Promise<void>;
  say(text: string, action: boolean): void;
  editLast(text: string): Promise<void>;
  deleteLast(): Promise<void>;
  loadEarlier(): Promise<void>;
  members(): Promise<string[]>;
  /** Tells the others that something is being typed; cheap to call with each key. */
  typing(): void;
  tell(text: string): void;
  /** Drops typing that has ended. */
  refresh(): void;
  close(): Promise<void>;
}

export interface RoomOptions {
  readonly parley: Parley;
  readonly conversation: Conversation;
  readonly names: Names;
  readonly url: string;
  onChange(state: ChatState): void;
}

/** Messages loaded at once. */
const pageSize = 100;
/** The server delivers typing no more often. */
const typingIntervalMs = 3_000;

export function openRoom(options: RoomOptions): Room {
  const { parley, conversation, names, url } = options;
  const { conversationId } = conversation;
  const presenceUserIds = conversation.peerId === "" ? [] : [conversation.peerId];
  const marker = createMarker(parley);
  let state = createChatState(conversation, parley.session?.userId ?? "");
  let typedAt = 0;
  let complete = false;
  const loaded = Promise.withResolvers<void>();

  const apply = (input: ChatInput) => {
    state = reduceChat(state, input);
    options.onChange(state);
  };
  const tell = (text: string) => apply({ type: "notice", text, now: Date.now() });
  const fail = (error: unknown) => tell(explain(error, url).sentence);

  async function load(beforeSeq?: bigint): Promise<void> {
    const range = beforeSeq === undefined ? { limit: pageSize } : { limit: pageSize, beforeSeq };
    const messages = await parley.conversations.history(conversationId, range);
    await names.load(messages.map((message) => message.authorId));
    complete = messages.length < pageSize;
    apply({ type: "history", messages });
    marker.read(conversationId, lastSeq(state));
    loaded.resolve();
  }

  async function take(event: SyncEvent): Promise<void> {
    if ("event" in event) await names.load(namedIn(event)).catch(() => {});
    const notice = event.type === "changed" ? noticeOf(event, names) : undefined;
    apply({ type: "sync", event, now: Date.now(), ...(notice === undefined ? {} : { notice }) });
    if ("event" in event) markArrived(marker, event, conversationId);
    if (event.type === "state" && event.state === "live") await refreshAll().catch(fail);
  }

  /** What the stream does not repeat: history up to now, and marks. */
  async function refreshAll(): Promise<void> {
    await load();
    apply({ type: "marks", marks: await parley.conversations.marks(conversationId) });
    if (presenceUserIds.length === 0) return;
    apply({ type: "presences", ...(await parley.services.presence.getPresence({ userIds: presenceUserIds })) });
  }

  return {
    get state() {
      return state;
    },
    loaded: loaded.promise,
    async follow(signal) {
      for await (const event of parley.sync({ remember: false, presenceUserIds, signal })) await take(event);
    },
    say(text, action) {
      const content = create(ContentSchema, { text, action });
      const { clientId, sent } = parley.outbox.post(conversationId, content);
      apply({ type: "posted", clientId, content, now: Date.now() });
      sent.then(
        ({ seq, time }) => apply({ type: "acknowledged", clientId, seq, time }),
        (error) => apply({ type: "refused", clientId, sentence: explain(error, url).sentence }),
      );
    },
    async editLast(text) {
      const own = lastOwn(state);
      if (own?.seq === undefined) return tell("You have said nothing to edit.");
      const { action = false } = own.content ?? {};
      await parley.conversations.edit(conversationId, own.seq, { text, action }).catch(fail);
    },
    async deleteLast() {
      const own = lastOwn(state);
      if (own?.seq === undefined) return tell("You have said nothing to delete.");
      await parley.conversations.delete(conversationId, own.seq).catch(fail);
    },
    async loadEarlier() {
      const first = state.entries.find((entry) => entry.seq !== undefined)?.seq;
      if (first !== undefined && first > 1n && !complete) await load(first).catch(fail);
    },
    members: () => listMembers(parley, conversation, names),
    typing() {
      const now = Date.now();
      if (now - typedAt < typingIntervalMs || conversation.kind === ConversationKind.CHANNEL) return;
      typedAt = now;
      parley.conversations.setTyping(conversationId, true).catch(() => {});
    },
    tell,
    refresh: () => apply({ type: "time", now: Date.now() }),
    async close() {
      marker.close();
      await marker.flush();
    },
  };
}

function markArrived(marker: Marker, event: { conversationId: string; seq: bigint }, shownId: string): void {
  if (event.conversationId === shownId) marker.read(shownId, event.seq);
  else marker.delivered(event.conversationId, event.seq);
}

async function listMembers(parley: Parley, { conversationId }: Conversation, names: Names): Promise<string[]> {
  const members = [];
  for await (const member of parley.conversations.members(conversationId)) {
    members.push(member);
    if (members.length === maxListed) break;
  }
  const userIds = members.map((member) => member.userId);
  await names.load(userIds);
  const { presences } = await parley.services.presence.getPresence({ userIds });
  return members.map(({ userId, role }, index) => {
    const status = presences[index]?.status ?? Status.UNSPECIFIED;
    const [roleName, statusName] = [Role[role].toLowerCase(), Status[status].toLowerCase()];
    return `${names.of(userId)} · ${roleName}${status === Status.UNSPECIFIED ? "" : ` · ${statusName}`}`;
  });
}

/** Most members listed in the window. */
const maxListed = 200;
