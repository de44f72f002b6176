import type { CallOptions, Client } from "@connectrpc/connect";
import type { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { PostingPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import type { Operation, Verb } from "../evidence.ts";
import type { Acknowledgement } from "./attempts.ts";
import type { Person } from "./town.ts";

export interface GoverningOptions {
  readonly conversationId: string;
  /** Somebody who is added and removed. */
  readonly guest: Person;
  /** Somebody who stays, with one role after the other. */
  readonly deputy: Person;
  readonly below: (bound: number) => number;
}

type Ask = (
  chat: Client<typeof ChatService>,
  operation: Operation,
  options: CallOptions,
) => Promise<Omit<Acknowledgement, "way">>;

/** What only the owner of a conversation does. */
export interface Decision {
  readonly verb: Verb;
  readonly ask: Ask;
}

const roles = [Role.MEMBER, Role.ADMIN, Role.OWNER] as const;

/** Returns what the owner decides next: who is a member, with which role, the name, and who may post. */
export function createGoverning({ conversationId, guest, deputy, below }: GoverningOptions): () => Decision {
  let guestIsIn = true;
  const turnGuest = (): Decision => {
    guestIsIn = !guestIsIn;
    const { userId } = guest;
    if (guestIsIn) {
      const ask: Ask = (chat, { clientId }, options) =>
        chat.addMembers({ clientId, conversationId, userIds: [userId] }, options);
      return { verb: "add", ask };
    }
    const ask: Ask = (chat, { clientId }, options) => chat.removeMember({ clientId, conversationId, userId }, options);
    return { verb: "remove", ask };
  };
  const changeRole = (): Decision => {
    const { userId } = guestIsIn && below(2) === 0 ? guest : deputy;
    const role = roles[below(roles.length)] ?? Role.MEMBER;
    const ask: Ask = (chat, { clientId }, options) =>
      chat.changeRole({ clientId, conversationId, userId, role }, options);
    return { verb: "role", ask };
  };
  const rename = (): Decision => {
    const posting = below(5) === 0 ? PostingPolicy.ADMINS : PostingPolicy.MEMBERS;
    const ask: Ask = (chat, { clientId, text: name }, options) =>
      chat.updateConversation({ clientId, conversationId, name, posting }, options);
    return { verb: "rename", ask };
  };
  return () => {
    const dice = below(5);
    if (dice < 3) return turnGuest();
    return dice === 3 ? changeRole() : rename();
  };
}
