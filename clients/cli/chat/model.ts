import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Content, Conversation, Marks, Message, Presence, SyncEvent } from "@parley/sdk";

/** A message in the window; without `seq` while it is on its way. */
export interface ChatMessage {
  readonly kind: "message";
  readonly seq: bigint | undefined;
  readonly clientId?: string;
  readonly authorId: string;
  readonly time: Date;
  readonly content: Content | undefined;
  readonly edited: boolean;
  readonly deleted: boolean;
  /** Why the server did not take it. */
  readonly refused?: string;
}

/** Something that the window tells by itself. */
export interface ChatNotice {
  readonly kind: "notice";
  readonly seq: bigint | undefined;
  readonly time: Date;
  readonly text: string;
}

export type ChatEntry = ChatMessage | ChatNotice;

/** What a chat window shows: one conversation, as one person sees it. */
export interface ChatState {
  readonly selfId: string;
  readonly conversation: Conversation;
  /** By `seq`; what has none stands where it appeared. */
  readonly entries: readonly ChatEntry[];
  /** Marks of the other members. */
  readonly marks: ReadonlyMap<string, Marks>;
  /** Who types, and when that ends by itself. */
  readonly typing: ReadonlyMap<string, number>;
  /** What comes after this `seq` was unread when the window opened; undefined once the reader has answered. */
  readonly readUpTo: bigint | undefined;
  /** Of the other person in a direct conversation, as far as it may be seen. */
  readonly presence: Presence | undefined;
  readonly connection: "connecting" | "live" | "offline";
}

export type ChatInput =
  | { readonly type: "sync"; readonly event: SyncEvent; readonly now: number; readonly notice?: string }
  | { readonly type: "history"; readonly messages: readonly Message[] }
  | { readonly type: "posted"; readonly clientId: string; readonly content: Content; readonly now: number }
  | { readonly type: "acknowledged"; readonly clientId: string; readonly seq: bigint; readonly time: Date }
  | { readonly type: "refused"; readonly clientId: string; readonly sentence: string }
  | { readonly type: "marks"; readonly marks: readonly Marks[] }
  | { readonly type: "presences"; readonly presences: readonly Presence[] }
  | { readonly type: "notice"; readonly text: string; readonly now: number }
  | { readonly type: "time"; readonly now: number };

/** Most entries kept; older ones are loaded again when somebody scrolls to them. */
export const maxEntries = 2_000;
/** Typing ends by itself after this long. */
const typingMs = 6_000;

export function createChatState(conversation: Conversation, selfId: string): ChatState {
  const unread = (conversation.unread?.count ?? 0) > 0;
  return {
    selfId,
    conversation,
    entries: [],
    marks: new Map(),
    typing: new Map(),
    readUpTo: unread ? (conversation.marks?.readSeq ?? 0n) : undefined,
    presence: undefined,
    connection: "connecting",
  };
}

export function reduceChat(state: ChatState, input: ChatInput): ChatState {
  switch (input.type) {
    case "sync":
      return reduceSync(state, input.event, input.now, input.notice);
    case "history":
      return { ...state, entries: input.messages.map(entryOf).reduce(put, state.entries) };
    case "posted":
      return { ...post(state, input.clientId, input.content, input.now), readUpTo: undefined };
    case "acknowledged":
      return number(state, input.clientId, input.seq, input.time);
    case "refused":
      return change(state, byClientId(input.clientId), (entry) => ({ ...entry, refused: input.sentence }));
    case "marks":
      return input.marks.reduce(mark, state);
    case "presences":
      return input.presences.reduce(presence, state);
    case "notice":
      return append(state, { kind: "notice", seq: undefined, time: new Date(input.now), text: input.text });
    case "time":
      return { ...state, typing: new Map([...state.typing].filter(([, until]) => until > input.now)) };
  }
}

function reduceSync(state: ChatState, event: SyncEvent, now: number, notice: string | undefined): ChatState {
  if (event.type === "state") return { ...state, connection: event.state };
  if (event.type === "mark") return mark(state, event.marks);
  if (event.type === "typing") return typing(state, event.typing, now);
  if (event.type === "presence") return presence(state, event.presence);
  if (event.type === "reset" && event.conversationId === undefined) return dropAbove(state, 0n);
  if (event.conversationId !== state.conversation.conversationId) return state;
  switch (event.type) {
    case "message":
      return quiet({ ...state, entries: put(state.entries, messageOf(event)) }, event.authorId);
    case "edited":
      return change(state, bySeq(event.targetSeq), (entry) => ({ ...entry, content: event.content, edited: true }));
    case "deleted":
      return change(state, bySeq(event.targetSeq), (entry) => ({ ...entry, content: undefined, deleted: true }));
    case "changed":
      if (notice === undefined) return state;
      return {
        ...state,
        entries: put(state.entries, { kind: "notice", seq: event.seq, time: event.time, text: notice }),
      };
    case "sent":
      return number(state, event.clientId, event.seq, new Date(now));
    case "reset":
      return dropAbove(state, event.keepSeq);
    default:
      return state;
  }
}

/** What is on its way stays. */
function dropAbove(state: ChatState, keepSeq: bigint): ChatState {
  return { ...state, entries: state.entries.filter(({ seq }) => seq === undefined || seq <= keepSeq) };
}

/** How far a message of one's own has come. */
export type Tick = "waiting" | "refused" | "sent" | "delivered" | "read";

export function tickOf(state: ChatState, entry: ChatMessage): Tick {
  if (entry.refused !== undefined) return "refused";
  const { seq } = entry;
  if (seq === undefined) return "waiting";
  const others = state.conversation.memberCount - 1;
  const reached = (seqOf: (marks: Marks) => bigint) => [...state.marks.values()].filter((m) => seqOf(m) >= seq).length;
  if (others < 1) return "sent";
  if (reached((marks) => marks.readSeq) >= others) return "read";
  return reached((marks) => marks.deliveredSeq) >= others ? "delivered" : "sent";
}

/** The last message of one's own that stands, to edit or delete. */
export function lastOwn(state: ChatState): ChatMessage | undefined {
  return state.entries.findLast(
    (entry): entry is ChatMessage =>
      entry.kind === "message" && entry.authorId === state.selfId && entry.seq !== undefined && !entry.deleted,
  );
}

/** The largest number in the window: what is read once it is shown. */
export function lastSeq(state: ChatState): bigint {
  return state.entries.findLast((entry) => entry.seq !== undefined)?.seq ?? 0n;
}

/** Puts an entry where its number belongs; the latest goes to the end, above what is still on its way. */
function put(entries: readonly ChatEntry[], entry: ChatEntry): ChatEntry[] {
  const seq = entry.seq ?? 0n;
  const known = entries.findIndex((other) => other.seq === seq);
  if (known >= 0) return entries.with(known, entry);
  const above = entries.findIndex((other) => other.seq !== undefined && other.seq > seq);
  const end = entries.findLastIndex((other) => !isWaiting(other)) + 1;
  return entries.toSpliced(above >= 0 ? above : end, 0, entry).slice(-maxEntries);
}

function isWaiting(entry: ChatEntry): boolean {
  return entry.kind === "message" && entry.seq === undefined;
}

function append(state: ChatState, entry: ChatEntry): ChatState {
  return { ...state, entries: [...state.entries, entry].slice(-maxEntries) };
}

function post(state: ChatState, clientId: string, content: Content, now: number): ChatState {
  const entry = {
    kind: "message",
    seq: undefined,
    clientId,
    authorId: state.selfId,
    time: new Date(now),
    content,
  } as const;
  return append(state, { ...entry, edited: false, deleted: false });
}

/** Gives a message on its way its number. Its event may have come first: then that one stands. */
function number(state: ChatState, clientId: string, seq: bigint, time: Date): ChatState {
  const index = state.entries.findIndex(byClientId(clientId));
  const waiting = state.entries[index];
  if (waiting?.kind !== "message") return state;
  const others = state.entries.toSpliced(index, 1);
  if (others.some(bySeq(seq))) return { ...state, entries: others };
  const numbered = { ...waiting, seq, time };
  const inOrder = !others.slice(index).some((entry) => entry.seq !== undefined && entry.seq < seq);
  return { ...state, entries: inOrder ? state.entries.with(index, numbered) : put(others, numbered) };
}

function mark(state: ChatState, marks: Marks): ChatState {
  const { conversationId, userId } = marks;
  if (conversationId !== state.conversation.conversationId || userId === state.selfId) return state;
  return { ...state, marks: new Map(state.marks).set(userId, marks) };
}

function typing(state: ChatState, event: { conversationId: string; userId: string; typing: boolean }, now: number) {
  const { conversationId, userId } = event;
  if (conversationId !== state.conversation.conversationId || userId === state.selfId) return state;
  if (!event.typing) return quiet(state, userId);
  return { ...state, typing: new Map(state.typing).set(userId, now + typingMs) };
}

function presence(state: ChatState, presence: Presence): ChatState {
  return presence.userId === state.conversation.peerId ? { ...state, presence } : state;
}

/** Who has spoken types no longer. */
function quiet(state: ChatState, userId: string): ChatState {
  return { ...state, typing: new Map([...state.typing].filter(([other]) => other !== userId)) };
}

function change(
  state: ChatState,
  matches: (entry: ChatEntry) => boolean,
  next: (entry: ChatMessage) => ChatMessage,
): ChatState {
  const entries = state.entries.map((entry) => (entry.kind === "message" && matches(entry) ? next(entry) : entry));
  return { ...state, entries };
}

function bySeq(seq: bigint): (entry: ChatEntry) => boolean {
  return (entry) => entry.seq === seq;
}

function byClientId(clientId: string): (entry: ChatEntry) => boolean {
  return (entry) => entry.kind === "message" && entry.clientId === clientId && entry.seq === undefined;
}

function messageOf(event: Extract<SyncEvent, { type: "message" }>): ChatMessage {
  const { seq, authorId, time, content } = event;
  return { kind: "message", seq, authorId, time, content, edited: false, deleted: false };
}

function entryOf(message: Message): ChatMessage {
  const { seq, authorId, content, deleted } = message;
  const time = message.time ? timestampDate(message.time) : new Date(0);
  return { kind: "message", seq, authorId, time, content, edited: message.editedAt !== undefined, deleted };
}
