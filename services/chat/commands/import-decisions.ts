import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { ImportEventsRequest_Item } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind, type Event, EventSchema, Role } from "#gen/parley/chat/v1/events_pb.js";
import { type UserId, userId } from "#platform/runtime/ids.ts";
import { chatErrors } from "../errors.ts";
import type { Decision, DecisionState } from "../sequencer/command.ts";
import type { ConversationView } from "../views/conversation-view.ts";
import { checkRoom, type Decide } from "./decisions.ts";

/** Decides an event brought over from elsewhere: it happened, so roles and policies are not asked. */
export function decideImport(item: ImportEventsRequest_Item): Decide {
  const author = userId(item.authorId);
  return (state) => {
    if (!state.conversation) throw chatErrors.NOT_A_MEMBER();
    const body = importedBody(item, author, state, state.conversation);
    if (!body) return { kind: "nothing" };
    const timeMs = item.time ? timestampMs(item.time) : state.nowMs;
    return { kind: "event", authorId: author, body, timeMs } satisfies Decision;
  };
}

function importedBody(
  { body }: ImportEventsRequest_Item,
  author: UserId,
  state: DecisionState,
  conversation: ConversationView,
): Event["body"] | undefined {
  const isMember = state.roleOf(author) !== Role.UNSPECIFIED;
  switch (body.case) {
    case "posted":
      if (!isMember) throw chatErrors.NOT_A_MEMBER({ message: "an imported author must have joined" });
      return create(EventSchema, { body: { case: "messagePosted", value: { content: body.value } } }).body;
    case "joined": {
      if (isMember) return undefined;
      checkRoom(conversation, 1);
      const members = [{ userId: author, role: Role.MEMBER }];
      return create(EventSchema, { body: { case: "membersAdded", value: { members } } }).body;
    }
    case "left":
      if (conversation.kind === ConversationKind.DIRECT) throw chatErrors.WRONG_KIND();
      if (!isMember) return undefined;
      return create(EventSchema, { body: { case: "memberRemoved", value: { userId: author } } }).body;
    case "nameChanged":
      return create(EventSchema, { body: { case: "nameChanged", value: body.value } }).body;
    default:
      return undefined;
  }
}
