import { type CallOptions, createClient } from "@connectrpc/connect";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { openLine } from "./lines.ts";

/** Somebody with an account, a password and a signed-in device. */
export interface Person {
  readonly userId: string;
  readonly handle: string;
  readonly token: string;
}

/** The people of a soak, and what they talk in. */
export interface Town {
  readonly url: string;
  readonly people: readonly Person[];
  /** Conversations that everybody is a member of: one with a steady flow, one with bursts. */
  readonly steady: string;
  readonly noisy: string;
  /** The last number of each that was acknowledged. */
  readonly heads: Map<string, number>;
}

export const password = "correct horse battery staple";

/** Makes so many people. */
export async function foundTown(url: string, size: number): Promise<Town> {
  const line = openLine(url, { protocol: "connect", isBinary: true, compresses: false, httpVersion: "2" });
  try {
    const auth = createClient(AuthService, line.transport);
    const chat = createClient(ChatService, line.transport);
    const people: Person[] = [];
    for (let n = 0; n < size; n++) {
      const handle = `soak_${n}`;
      const device = { id: crypto.randomUUID(), name: "" };
      const { session } = await auth.register({ clientId: uuidv7(), handle, password, device });
      people.push({ handle, userId: session?.userId ?? "", token: session?.accessToken ?? "" });
    }
    const [owner, ...others] = people;
    const memberIds = others.map(({ userId }) => userId);
    const found = async (name: string) => {
      const init = { clientId: uuidv7(), kind: ConversationKind.GROUP, name, memberIds };
      const { conversation } = await chat.createConversation(init, bearer(owner?.token ?? ""));
      return conversation?.conversationId ?? "";
    };
    return { url, people, steady: await found("steady"), noisy: await found("noisy"), heads: new Map() };
  } finally {
    line.close();
  }
}

/** Takes note that a conversation goes at least so far. */
export function reached({ heads }: Town, conversationId: string, seq: bigint): void {
  heads.set(conversationId, Math.max(heads.get(conversationId) ?? 0, Number(seq)));
}

export function bearer(token: string, signal?: AbortSignal): CallOptions {
  return { headers: { authorization: `Bearer ${token}` }, ...(signal ? { signal } : {}) };
}

/** What a message says from which its latency is told. */
export function sentNow(): string {
  return `sent at ${Date.now()}`;
}

export function sentAt(text: string): number | undefined {
  const match = /^sent at (\d+)$/.exec(text);
  return match ? Number(match[1]) : undefined;
}
