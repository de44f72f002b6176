import { type Conversation, ConversationKind, type Parley } from "@parley/sdk";
import { CommandError } from "./failures.ts";
import { plainLine } from "./terminal/plain.ts";

const conversationId = /^[A-Za-z0-9_-]{24}$/u;
const handle = /^[a-z][a-z0-9_.]{2,31}$/u;

/**
 * The conversation that a person means by `to`: an id, the name of one of their groups or channels, or somebody's
 * handle. "@marvin" is always the handle.
 */
export async function findConversation(parley: Parley, to: string): Promise<Conversation> {
  const found = await findShared(parley, to);
  if (found) return found;
  const userId = await findPerson(parley, to);
  for await (const conversation of parley.conversations.list()) {
    if (conversation.peerId === userId) return conversation;
  }
  throw new CommandError(`You have no conversation with ${plainLine(to)} yet.`);
}

/** The same; begins the conversation with a person where there is none. */
export async function openConversation(parley: Parley, to: string): Promise<Conversation> {
  return (await findShared(parley, to)) ?? parley.conversations.direct(await findPerson(parley, to));
}

/** User ids of the people that handles name. */
export function findPeople(parley: Parley, handles: readonly string[]): Promise<string[]> {
  return Promise.all(handles.map((name) => findPerson(parley, name)));
}

async function findShared(parley: Parley, to: string): Promise<Conversation | undefined> {
  if (to.startsWith("@")) return undefined;
  if (conversationId.test(to)) return parley.conversations.get(to);
  const named: Conversation[] = [];
  for await (const conversation of parley.conversations.list()) {
    const shared = conversation.kind !== ConversationKind.DIRECT;
    if (shared && plainLine(conversation.name).toLowerCase() === to.toLowerCase()) named.push(conversation);
  }
  if (named.length < 2) return named[0];
  const ids = named.map((conversation) => conversation.conversationId).join(", ");
  throw new CommandError(`Several conversations are called "${plainLine(to)}": give the id, one of ${ids}.`);
}

async function findPerson(parley: Parley, name: string): Promise<string> {
  const wanted = name.replace(/^@/u, "").toLowerCase();
  const person = handle.test(wanted) ? await parley.people.byHandle(wanted) : undefined;
  if (!person) throw new CommandError(`There is nobody and nothing called "${plainLine(name)}".`);
  return person.userId;
}
