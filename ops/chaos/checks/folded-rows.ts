import { PostingPolicy, Role } from "#gen/parley/chat/v1/events_pb.js";
import type { Columns } from "../evidence.ts";
import type { ConversationLog, Range } from "./conversation-log.ts";

/** What the rows of a conversation and of its members say where its log is folded from the beginning. */
export interface FoldedRows {
  readonly conversation: Columns;
  /** By user, who ever was a member. */
  readonly memberships: ReadonlyMap<string, Columns>;
}

interface Member {
  role: Role;
  joined: readonly [seq: number, count: number];
  lastOwn: readonly [seq: number, count: number];
}

/** A reference of its own: it shares nothing with the program but what events mean. */
export function foldRows(log: ConversationLog): FoldedRows {
  const members = new Map<string, Member>();
  let [name, posting, messages] = ["", PostingPolicy.MEMBERS, 0];
  for (const { event } of log.entries) {
    const { body } = event;
    const seq = Number(event.seq);
    if (body.case === "messagePosted") messages++;
    const here = [seq, messages] as const;
    if (body.case === "conversationCreated" || body.case === "conversationChanged") {
      name = body.value.name ?? name;
      posting = body.value.posting || posting;
    }
    if (body.case === "conversationCreated" || body.case === "membersAdded") {
      for (const { userId, role } of body.value.members) {
        members.set(userId, { lastOwn: [0, 0], ...members.get(userId), role: role || Role.MEMBER, joined: here });
      }
    }
    const changed = body.case === "memberRemoved" || body.case === "roleChanged" ? body.value.userId : undefined;
    const one = members.get(changed ?? event.authorId);
    if (!one) continue;
    if (body.case === "memberRemoved") one.role = Role.UNSPECIFIED;
    if (body.case === "roleChanged") one.role = body.value.role;
    if (body.case === "messagePosted") one.lastOwn = here;
  }
  return {
    conversation: {
      name,
      posting,
      owners: JSON.stringify(idsOf(members, ({ role }) => role === Role.OWNER)),
      head: log.head,
      messages,
      members: idsOf(members, ({ role }) => role !== Role.UNSPECIFIED).length,
    },
    memberships: new Map([...members].map(([userId, member]) => [userId, columnsOf(member, log.visible.get(userId))])),
  };
}

function idsOf(members: ReadonlyMap<string, Member>, isOne: (member: Member) => boolean): string[] {
  return [...members].flatMap(([userId, member]) => (isOne(member) ? [userId] : [])).sort();
}

function columnsOf({ role, joined, lastOwn }: Member, ranges: readonly Range[] = []): Columns {
  return {
    role,
    ranges: JSON.stringify(joinedUp(ranges).map(({ from, to }) => [from, Number.isFinite(to) ? to : null])),
    joined: JSON.stringify(joined),
    lastOwn: JSON.stringify(lastOwn),
  };
}

/** Who is added right after having been removed has missed nothing. */
function joinedUp(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of ranges) {
    const last = joined.at(-1);
    if (!last || last.to < range.from - 1) joined.push(range);
    else joined.splice(-1, 1, { from: last.from, to: range.to });
  }
  return joined;
}
