import { type Event, HistoryPolicy } from "#gen/parley/chat/v1/events_pb.js";

// What a person would find out who reads all events of a conversation with a pencil.

/** The users whom an event adds. */
function addedBy({ body }: Event): string[] {
  const adds = body.case === "conversationCreated" || body.case === "membersAdded";
  return adds ? body.value.members.map(({ userId }) => userId) : [];
}

/** Unread messages of somebody who has read up to a number. */
export function countUnreadByHand(events: readonly Event[], user: string, readSeq: number): number {
  let [isHere, sawFrom, unread] = [false, readSeq, new Set<number>()];
  for (const event of events) {
    const { body } = event;
    if (addedBy(event).includes(user)) {
      isHere = true;
      sawFrom = Math.max(sawFrom, Number(event.seq));
      unread = new Set();
    }
    if (body.case === "messageDeleted") unread.delete(Number(body.value.targetSeq));
    const isPost = body.case === "messagePosted" || (body.case === "tombstone" && body.value.targetSeq === event.seq);
    if (isPost && isHere) {
      if (event.authorId === user) unread = new Set();
      else if (event.seq > sawFrom) unread.add(Number(event.seq));
    }
    if (body.case === "memberRemoved" && body.value.userId === user) isHere = false;
  }
  return unread.size;
}

/** The events that somebody may see. */
export function visibleByHand(events: readonly Event[], user: string, history: HistoryPolicy): Event[] {
  let [isHere, seen]: [boolean, Event[]] = [false, []];
  for (const [index, event] of events.entries()) {
    if (addedBy(event).includes(user)) {
      isHere = true;
      if (history === HistoryPolicy.FROM_START) seen = events.slice(0, index);
    }
    if (isHere) seen.push(event);
    if (event.body.case === "memberRemoved" && event.body.value.userId === user) isHere = false;
  }
  return seen;
}

/** Messages among events that somebody may see: number, text unless deleted. */
export function messagesByHand(seen: readonly Event[]): [bigint, string | undefined][] {
  const texts = new Map<bigint, string | undefined>();
  for (const { seq, body } of seen) {
    if (body.case === "messagePosted") texts.set(seq, body.value.content?.text);
    if (body.case === "tombstone" && body.value.targetSeq === seq) texts.set(seq, undefined);
    if (body.case === "messageEdited" && texts.has(body.value.targetSeq)) {
      texts.set(body.value.targetSeq, body.value.content?.text);
    }
  }
  return [...texts];
}
