import { type Conversation, ConversationKind, type Parley } from "@parley/sdk";
import type { Addresses } from "./addresses.ts";
import { CommandError } from "./failures.ts";
import { plainLine } from "./terminal/plain.ts";

const conversationId = /^[A-Za-z0-9_-]{24}$/u;
const handle = /^[a-z][a-z0-9_.]{2,31}$/u;

/** Most people whose handles are compared before the server is asked to search. */
const maxCompared = 300;

/**
 * The conversation that a person means by `to`: an id, the name of one of their groups or channels, or somebody's
 * handle. "@marvin" is always the handle.
 */
export async function findConversation(parley: Parley, to: string, addresses: Addresses): Promise<Conversation> {
  const found = (await findKnown(parley, to)) ?? (await findDirect(parley, await findPerson(parley, to)));
  if (found) return remember(addresses, to, found);
  throw new CommandError(`You have no conversation with ${plainLine(to)} yet.`);
}

/** The same; begins the conversation with a person where there is none. */
export async function openConversation(parley: Parley, to: string, addresses: Addresses): Promise<Conversation> {
  const found = (await findKnown(parley, to)) ?? (await parley.conversations.direct(await findPerson(parley, to)));
  return remember(addresses, to, found);
}

async function remember(addresses: Addresses, to: string, found: Conversation): Promise<Conversation> {
  await addresses.keep(to, found.conversationId);
  return found;
}

/** User ids of the people that handles name. */
export function findPeople(parley: Parley, handles: readonly string[]): Promise<string[]> {
  return Promise.all(handles.map((name) => findPerson(parley, name)));
}

/** Among the caller's own conversations: searching people is limited more than listing is. */
async function findKnown(parley: Parley, to: string): Promise<Conversation | undefined> {
  if (conversationId.test(to)) return parley.conversations.get(to);
  const own = [];
  for await (const conversation of parley.conversations.list()) own.push(conversation);
  const shared = own.filter(({ kind }) => kind !== ConversationKind.DIRECT);
  return (to.startsWith("@") ? undefined : namedOf(shared, to)) ?? directWith(parley, own, handleOf(to));
}

function namedOf(shared: readonly Conversation[], to: string): Conversation | undefined {
  const named = shared.filter(({ name }) => plainLine(name).toLowerCase() === to.toLowerCase());
  if (named.length < 2) return named[0];
  const ids = named.map((conversation) => conversation.conversationId).join(", ");
  throw new CommandError(`Several conversations are called "${plainLine(to)}": give the id, one of ${ids}.`);
}

async function directWith(
  parley: Parley,
  own: readonly Conversation[],
  name: string,
): Promise<Conversation | undefined> {
  const direct = own.filter(({ kind }) => kind === ConversationKind.DIRECT).slice(0, maxCompared);
  const profiles = await parley.people.profiles(direct.map(({ peerId }) => peerId));
  return direct.find(({ peerId }) => profiles.get(peerId)?.handle === name);
}

async function findDirect(parley: Parley, userId: string): Promise<Conversation | undefined> {
  for await (const conversation of parley.conversations.list()) {
    if (conversation.peerId === userId) return conversation;
  }
  return undefined;
}

async function findPerson(parley: Parley, name: string): Promise<string> {
  const wanted = handleOf(name);
  const person = handle.test(wanted) ? await parley.people.byHandle(wanted) : undefined;
  if (!person) throw new CommandError(`There is nobody and nothing called "${plainLine(name)}".`);
  return person.userId;
}

function handleOf(name: string): string {
  return name.replace(/^@/u, "").toLowerCase();
}
