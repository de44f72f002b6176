import { type Client, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService, type SendMessageResponse } from "#gen/parley/chat/v1/chat_pb.js";
import { ChatErrorSchema } from "#gen/parley/chat/v1/errors_pb.js";
import { ConversationKind, type HistoryPolicy, type PostingPolicy } from "#gen/parley/chat/v1/events_pb.js";
import { PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { joinStack } from "../../testing/joined-stack.ts";
import type { Stack } from "../../testing/stack.ts";

/** Somebody who is signed in on a device, and calls through the port. */
export interface Person {
  readonly userId: string;
  readonly chat: Client<typeof ChatService>;
}

/** A server for all tests of a file. */
export function useStack(): () => Stack {
  let stack: Stack | undefined;
  beforeAll(async () => {
    stack = await joinStack();
  });
  afterAll(() => stack?.stop());
  return () => {
    if (!stack) throw new Error("the server runs within tests only");
    return stack;
  };
}

/** A new account with a signed-in device. */
export async function signIn(stack: Stack): Promise<Person> {
  const account = { externalId: uuidv7(), displayName: "somebody" };
  const { userIds } = await stack.operator(AuthService).createAccounts({ clientId: uuidv7(), accounts: [account] });
  return signInAgain(stack, userIds[0] ?? "");
}

/** Three of them. */
export function signInThree(stack: Stack): Promise<[Person, Person, Person]> {
  return Promise.all([signIn(stack), signIn(stack), signIn(stack)]);
}

/** Another device of an account. */
export async function signInAgain(stack: Stack, userId: string): Promise<Person> {
  const device = { id: crypto.randomUUID(), name: "test" };
  const { session } = await stack.operator(AuthService).issueSession({ clientId: uuidv7(), userId, device });
  return { userId, chat: stack.client(ChatService, { token: session?.accessToken ?? "" }) };
}

/** Waits until the store holds what was followed. */
export async function projected(stack: Stack): Promise<void> {
  await stack.projected();
}

/** Waits for nothing, so that a test reads what is not in the store yet. */
export async function nothing(_: Stack): Promise<void> {}

export interface GroupMore {
  readonly kind?: ConversationKind;
  readonly posting?: PostingPolicy;
  readonly history?: HistoryPolicy;
}

/** A group of the people, the first of them as its owner. */
export async function makeGroup([creator, ...others]: readonly Person[], more: GroupMore = {}): Promise<string> {
  if (!creator) throw new Error("a group of nobody");
  const memberIds = others.map(({ userId }) => userId);
  const request = { clientId: uuidv7(), kind: ConversationKind.GROUP, name: "group", memberIds, ...more };
  const { conversation } = await creator.chat.createConversation(request);
  return conversation?.conversationId ?? "";
}

export function say(person: Person, conversationId: string, text: string): Promise<SendMessageResponse> {
  return person.chat.sendMessage({ clientId: uuidv7(), conversationId, content: { text } });
}

export async function sayAll(person: Person, conversationId: string, texts: readonly string[]): Promise<void> {
  for (let start = 0; start < texts.length; start += 100) {
    const items = texts.slice(start, start + 100).map((text) => ({ clientId: uuidv7(), content: { text } }));
    await person.chat.sendMessages({ conversationId, items });
  }
}

/** `CHAT 3` or `PLATFORM 5`: which table and which reason a call was refused with; "done" where it was not. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "done";
  } catch (error) {
    const failure = ConnectError.from(error);
    const [chat] = failure.findDetails(ChatErrorSchema);
    if (chat) return `CHAT ${chat.reason}`;
    const [platform] = failure.findDetails(PlatformErrorSchema);
    if (platform) return `PLATFORM ${platform.reason}`;
    throw error;
  }
}

export const chatRefusal = (reason: { readonly reason: number }) => `CHAT ${reason.reason}`;
export const platformRefusal = (reason: { readonly reason: number }) => `PLATFORM ${reason.reason}`;
