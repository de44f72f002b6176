import { toJson } from "@bufbuild/protobuf";
import { AuthService, type Session } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService, ListMembersResponseSchema, MarksSchema, UnreadSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind, EventSchema } from "#gen/parley/chat/v1/events_pb.js";
import { MediaService } from "#gen/parley/media/v1/media_pb.js";
import { ProfileSchema, UserService } from "#gen/parley/user/v1/user_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { chunkBytes, createFile, download, sendFrom } from "../../media/testing/file.ts";
import type { Callers } from "../../testing/callers.ts";
import type { TestUser } from "../../testing/stack.ts";

/** People who have talked: what must be the same wherever they go on. */
export interface Town {
  readonly ada: TestUser;
  readonly bob: TestUser;
  readonly eve: TestUser;
  readonly people: readonly TestUser[];
  readonly group: string;
  readonly pair: string;
  /** Where somebody goes on writing: no part of what is compared. */
  readonly busy: string;
  readonly mediaId: string;
  readonly file: Buffer;
  /** Uploads that are not finished. */
  readonly begun: readonly [Upload, Upload];
  /** A message whose answer never came, and what it led to. */
  readonly sent: { readonly clientId: string; readonly seq: bigint };
}

export async function settle(callers: Callers): Promise<Town> {
  const [ada, bob, eve] = await Promise.all(["ada", "bob", "eve"].map((handle) => callers.registerUser(handle)));
  if (!ada || !bob || !eve) throw new Error("not all were registered");
  const chat = ada.client(ChatService);
  const make = async (kind: ConversationKind, name: string, memberIds: string[]) =>
    (await chat.createConversation({ clientId: uuidv7(), kind, name, memberIds })).conversation?.conversationId ?? "";
  const group = await make(ConversationKind.GROUP, "Heart of Gold", [bob.userId, eve.userId]);
  const pair = await make(ConversationKind.DIRECT, "", [bob.userId]);
  const busy = await make(ConversationKind.GROUP, "busy", [bob.userId]);
  await talk(ada, group, 60);
  await talk(bob, pair, 10);
  const sent = { clientId: uuidv7(), seq: 0n };
  sent.seq = (
    await chat.sendMessage({ clientId: sent.clientId, conversationId: group, content: { text: "once" } })
  ).seq;
  await change(ada, group, sent.seq - 5n);
  await bob
    .client(ChatService)
    .setMarks({ clientId: uuidv7(), conversationId: group, readSeq: 20n, deliveredSeq: 30n });
  await bob.client(UserService).updateProfile({ clientId: uuidv7(), displayName: "Bob", about: "a carpenter" });
  const file = await beginUpload(ada, group);
  const mediaId = await finishUpload(callers, ada, file);
  const begun = [await beginUpload(ada, group), await beginUpload(ada, group)] as const;
  await joinOtherwise(callers);
  return {
    ada,
    bob,
    eve,
    people: [ada, bob, eve],
    group,
    pair,
    busy,
    mediaId,
    file: file.bytes,
    begun,
    sent,
  };
}

export interface Upload {
  readonly uploadId: string;
  readonly bytes: Buffer;
}

/** Sends the first part of a file. */
async function beginUpload(who: TestUser, conversationId: string): Promise<Upload> {
  const files = who.client(MediaService);
  const { bytes, announced } = createFile(conversationId, chunkBytes + 1_000);
  const { uploadId } = await files.createUpload({ clientId: uuidv7(), ...announced });
  await sendFrom(files, uploadId, bytes.subarray(0, chunkBytes), 0);
  return { uploadId, bytes };
}

/** Sends what the server lacks of a file. */
export async function finishUpload(callers: Callers, who: TestUser, { uploadId, bytes }: Upload): Promise<string> {
  const files = callers.client(MediaService, { token: who.token });
  const { offset } = await files.getUpload({ uploadId });
  if (offset !== BigInt(chunkBytes)) throw new Error(`the server has ${offset} bytes of the upload`);
  await sendFrom(files, uploadId, bytes, chunkBytes);
  const { media } = await files.completeUpload({ clientId: uuidv7(), uploadId });
  return media?.mediaId ?? "";
}

/** People with an address, with a code that was sent to it, and from elsewhere. */
async function joinOtherwise(callers: Callers): Promise<void> {
  const email = "zaphod@example.org";
  const device = { id: crypto.randomUUID(), name: "test" };
  const account = { clientId: uuidv7(), device, email, password: "password of zaphod" };
  const { session } = await callers.client(AuthService).register(account);
  const auth = callers.client(AuthService, { token: session?.accessToken ?? "" });
  await auth.requestCode({ clientId: uuidv7(), address: email });
  const accounts = [{ externalId: "ford", displayName: "Ford" }];
  await callers.operator(AuthService).createAccounts({ clientId: uuidv7(), accounts });
}

/** Edits one message and deletes the next. */
export async function change(who: TestUser, conversationId: string, targetSeq: bigint): Promise<void> {
  const chat = who.client(ChatService);
  await chat.editMessage({ clientId: uuidv7(), conversationId, targetSeq, content: { text: "edited" } });
  await chat.editMessage({
    clientId: uuidv7(),
    conversationId,
    targetSeq: targetSeq + 1n,
    content: { text: "edited" },
  });
  await chat.deleteMessage({ clientId: uuidv7(), conversationId, targetSeq: targetSeq + 1n });
}

export async function talk(who: TestUser, conversationId: string, messages: number): Promise<bigint[]> {
  const items = Array.from({ length: messages }, (_, n) => ({ clientId: uuidv7(), content: { text: `message ${n}` } }));
  const { results } = await who.client(ChatService).sendMessages({ conversationId, items });
  return results.map(({ outcome }) => (outcome.case === "sent" ? outcome.value.seq : 0n));
}

/** Everything that each of them sees, read through `callers` with the tokens that they have. */
export async function viewOf(callers: Callers, town: Town) {
  return await Promise.all(
    town.people.map(async ({ token, userId }) => {
      const chat = callers.client(ChatService, { token });
      const { conversations } = await chat.listConversations({ pageSize: 100 });
      const found = conversations.map(({ conversationId }) => conversationId).sort();
      const conversationIds = found.filter((id) => id !== town.busy);
      const { unread } = await chat.getUnread({ conversationIds });
      return {
        userId,
        conversationIds: found,
        unread: unread.map((one) => JSON.stringify(toJson(UnreadSchema, one))).sort(),
        profile: await profileOf(callers, token, userId),
        inEach: await Promise.all(conversationIds.map((id) => conversationView(callers, token, id))),
      };
    }),
  );
}

async function profileOf(callers: Callers, token: string, userId: string) {
  const { profiles } = await callers.client(UserService, { token }).getProfiles({ userIds: [userId] });
  return profiles.map((profile) => toJson(ProfileSchema, profile));
}

async function conversationView(callers: Callers, token: string, conversationId: string) {
  const chat = callers.client(ChatService, { token });
  const events: unknown[] = [];
  for (let fromSeq = 1n; ; ) {
    const page = await chat.listEvents({ conversationId, fromSeq, pageSize: 200 });
    events.push(...page.events.map((event) => toJson(EventSchema, event)));
    const last = page.events.at(-1);
    if (!last) break;
    fromSeq = last.seq + 1n;
  }
  const members = toJson(ListMembersResponseSchema, await chat.listMembers({ conversationId, pageSize: 100 }));
  const { marks } = await chat.listMarks({ conversationId });
  return { events, members, marks: marks.map((mark) => JSON.stringify(toJson(MarksSchema, mark))).sort() };
}

/** The numbers of all messages of somebody who writes, by text; throws where a number is missing or a text is there twice. */
export async function seqsByText(
  callers: Callers,
  token: string,
  conversationId: string,
): Promise<Map<string, bigint>> {
  const chat = callers.client(ChatService, { token });
  const found = new Map<string, bigint>();
  for (let next = 1n; ; ) {
    const { events } = await chat.listEvents({ conversationId, fromSeq: next, pageSize: 200 });
    if (events.length === 0) return found;
    for (const { seq, body } of events) {
      if (seq !== next++) throw new Error(`${seq} stands where ${next - 1n} belongs`);
      const text = body.case === "messagePosted" ? (body.value.content?.text ?? "") : `${seq}`;
      if (found.has(text)) throw new Error(`twice: ${text}`);
      found.set(text, seq);
    }
  }
}

/** Downloads the town's file. */
export async function fileOf(callers: Callers, { ada, mediaId }: Town): Promise<Buffer> {
  return (await download(callers.client(MediaService, { token: ada.token }), { mediaId })).bytes;
}

/** The next tokens of a session. */
export async function refresh(callers: Callers, session: Session): Promise<Session> {
  const { refreshToken } = session;
  const refreshed = await callers.client(AuthService).refreshSession({ clientId: uuidv7(), refreshToken });
  if (!refreshed.session) throw new Error("refreshed without a session");
  return refreshed.session;
}
