import {
  ConversationKind,
  connectByHttp2,
  createMemoryStorage,
  createParley,
  HistoryPolicy,
  type Operator,
  type Parley,
} from "@parley/sdk/node";
import { channelOwner } from "../import/channel.ts";
import { createPeople } from "../import/people.ts";

/** Who plays in a replay: a signed-in client for each nickname, and an observer who owns the stage. */
export interface Cast extends AsyncDisposable {
  readonly observer: Parley;
  readonly conversationId: string;
  actor(nick: string): Parley;
  nameOf(userId: string): string;
}

export interface CastOptions {
  readonly url: string;
  readonly channel: string;
  /** What the new channel that is played on is called. */
  readonly stage: string;
  readonly nicks: ReadonlySet<string>;
  readonly onSignedIn?: () => void;
}

/** Clients that are signed in at once. */
const signingInAtOnce = 8;

/** Signs everybody in, and makes a new channel of which only the observer is a member. */
export async function openCast(operator: Operator, options: CastOptions): Promise<Cast> {
  const { channel, nicks, stage, url } = options;
  const people = createPeople(operator, channel);
  await people.meet(nicks);
  const names = new Map([...nicks].map((nick) => [people.idOf(nick), nick]));
  const actors = new Map<string, Parley>();
  const closeAll = async () => {
    for (const actor of actors.values()) await actor.close();
  };
  const signIn = async (userId: string) => {
    const device = { id: crypto.randomUUID(), name: "parley replay" };
    const { session } = await operator.auth.issueSession({ userId, device });
    const parley = await createParley({ url, connect: connectByHttp2, storage: createMemoryStorage() });
    actors.set(userId, parley);
    if (session) await parley.adoptSession(session);
    options.onSignedIn?.();
    return parley;
  };
  try {
    const observer = await signIn(await channelOwner(operator, channel));
    const waiting = [...names.keys()];
    const signInNext = async () => {
      for (let userId = waiting.pop(); userId !== undefined; userId = waiting.pop()) await signIn(userId);
    };
    await Promise.all(Array.from({ length: signingInAtOnce }, signInNext));
    const { conversation } = await observer.services.chat.createConversation({
      kind: ConversationKind.CHANNEL,
      name: stage,
      history: HistoryPolicy.FROM_START,
    });
    return {
      observer,
      conversationId: conversation?.conversationId ?? "",
      actor: (nick) => actors.get(people.idOf(nick)) ?? observer,
      nameOf: (userId) => names.get(userId) ?? channel,
      [Symbol.asyncDispose]: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
