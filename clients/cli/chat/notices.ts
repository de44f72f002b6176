import type { ConversationEvent } from "@parley/sdk";
import type { Names } from "../names.ts";
import { plainLine } from "../terminal/plain.ts";

/** Who an event names, so that their names can be loaded first. */
export function namedIn({ event, authorId }: ConversationEvent): string[] {
  const { body } = event;
  if (body.case === "membersAdded" || body.case === "conversationCreated") {
    return [authorId, ...body.value.members.map((member) => member.userId)];
  }
  if (body.case === "memberRemoved" || body.case === "roleChanged") return [authorId, body.value.userId];
  return [authorId];
}

/** What a change of the conversation is to its readers; undefined where there is nothing to tell. */
export function noticeOf({ event, authorId }: ConversationEvent, names: Names): string | undefined {
  const { body } = event;
  const author = names.of(authorId);
  switch (body.case) {
    case "membersAdded": {
      const added = body.value.members.map((member) => names.of(member.userId));
      return body.value.members.some((member) => member.userId === authorId)
        ? `${author} joined`
        : `${author} added ${added.join(", ")}`;
    }
    case "memberRemoved":
      return body.value.userId === authorId ? `${author} left` : `${author} removed ${names.of(body.value.userId)}`;
    case "roleChanged":
      return `${author} changed the role of ${names.of(body.value.userId)}`;
    case "conversationChanged":
      return body.value.name === undefined ? undefined : `${author} named this ${plainLine(body.value.name)}`;
    case "nameChanged":
      return `${plainLine(body.value.oldName)} is now ${plainLine(body.value.newName)}`;
    default:
      return undefined;
  }
}
