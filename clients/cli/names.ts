import { type Conversation, ConversationKind, type Parley, type Profile } from "@parley/sdk";
import { plainLine } from "./terminal/plain.ts";

/** What to call people, once they were loaded. */
export interface Names {
  load(userIds: Iterable<string>): Promise<void>;
  /** A name that is safe to print; the beginning of the id where the person is unknown. */
  of(userId: string): string;
}

export function createNames(parley: Parley): Names {
  const known = new Map<string, string>();
  return {
    async load(userIds) {
      const missing = [...new Set(userIds)].filter((id) => id !== "" && !known.has(id));
      if (missing.length === 0) return;
      for (const [id, profile] of await parley.people.profiles(missing)) known.set(id, nameOf(profile));
    },
    of: (userId) => known.get(userId) ?? userId.slice(0, 8),
  };
}

/** A handle is unique; a display name may be anybody's. */
function nameOf({ handle, displayName, userId }: Profile): string {
  return plainLine(handle || displayName) || userId.slice(0, 8);
}

/** What a conversation is called; `names` knows its people. */
export function titleOf(conversation: Conversation, names: Names): string {
  if (conversation.kind === ConversationKind.DIRECT) return names.of(conversation.peerId);
  return plainLine(conversation.name) || conversation.conversationId;
}
