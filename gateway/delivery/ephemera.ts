import { fromBinary } from "@bufbuild/protobuf";
import { type Marks, MarksSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { TypingSchema } from "#gen/parley/presence/v1/presence_pb.js";
import type { Bus } from "#platform/bus/bus.ts";
import type { Clock } from "#platform/runtime/clock.ts";
import { conversationId, type UserId, userId } from "#platform/runtime/ids.ts";
import type { Audience } from "./audience.ts";
import { type Item, plainItem } from "./frames.ts";

/** In larger conversations marks and typing are not shown to others. */
export const maxEphemeralMembers = 100;
/** Marks of one user in one conversation are told at most this often; the last one always is. */
export const marksIntervalMs = 1000;
/** Marks held back at once; what is beyond is not told, as every client can list marks. */
const maxHeldMarks = 10_000;

/** Marks that were told a moment ago, and those that came since. */
interface Held {
  toldAt: number;
  latest?: Marks;
}

/** Passes marks and typing from the bus to the streams of those who may see them. */
export function passEphemera(bus: Bus, audience: Audience, clock: Clock): () => void {
  const held = new Map<string, Held>();
  const onMarks = (payload: Uint8Array) => {
    const marks = fromBinary(MarksSchema, payload);
    const key = `${marks.conversationId} ${marks.userId}`;
    const recent = held.get(key);
    if (recent) recent.latest = marks;
    else if (held.size < maxHeldMarks) {
      held.set(key, { toldAt: clock() });
      tellMarks(audience, marks);
    }
  };
  const release = () => {
    const now = clock();
    for (const [key, { toldAt, latest }] of held) {
      if (now - toldAt < marksIntervalMs) continue;
      held.delete(key);
      if (!latest) continue;
      held.set(key, { toldAt: now });
      tellMarks(audience, latest);
    }
  };
  const timer = setInterval(release, marksIntervalMs / 4).unref();
  const forgetMarks = bus.subscribe("marks", onMarks);
  const forgetTyping = bus.subscribe("typing", (payload) => {
    const typing = fromBinary(TypingSchema, payload);
    tellOthers(audience, typing.conversationId, userId(typing.userId), plainItem({ case: "typing", value: typing }));
  });
  return () => {
    clearInterval(timer);
    forgetMarks();
    forgetTyping();
  };
}

function tellMarks(audience: Audience, marks: Marks): void {
  const item = plainItem({ case: "mark", value: marks });
  const owner = userId(marks.userId);
  for (const stream of [...(audience.find(owner)?.streams ?? [])]) stream.offerOwnMark(marks.conversationId, item);
  tellOthers(audience, marks.conversationId, owner, item);
}

function tellOthers(audience: Audience, conversation: string, about: UserId, item: Item): void {
  for (const listener of audience.listenersOf(conversationId(conversation), maxEphemeralMembers)) {
    if (listener.userId === about) continue;
    for (const stream of [...listener.streams]) stream.offer(item);
  }
}
