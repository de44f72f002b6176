import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import {
  ConversationKind,
  type Event,
  EventSchema,
  HistoryPolicy,
  PostingPolicy,
  Role,
} from "#gen/parley/chat/v1/events_pb.js";
import { HeaderSchema } from "#gen/parley/log/v1/record_pb.js";
import type { FollowedEntry } from "#platform/log/following.ts";
import { encodeEvent } from "#platform/log/tombstones.ts";
import { type ConversationId, conversationId, userId } from "#platform/runtime/ids.ts";

export const people = ["ada", "bob", "cyd", "dan"].map(userId);

/** One thing that somebody does; what can't be done at that point is left out of the history. */
export interface Step {
  readonly kind: "post" | "edit" | "delete" | "come" | "go" | "role" | "rename";
  readonly who: number;
  /** Which message, as a share of those that there are. */
  readonly which: number;
  /** Positions that other conversations take before it. */
  readonly gap: number;
}

const kinds = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Step["kind"]>("post") },
  { weight: 2, arbitrary: fc.constantFrom<Step["kind"]>("edit", "delete") },
  { weight: 2, arbitrary: fc.constantFrom<Step["kind"]>("come", "go") },
  { weight: 1, arbitrary: fc.constantFrom<Step["kind"]>("role", "rename") },
);
export const steps = (maxLength: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      kind: kinds,
      who: fc.nat(people.length - 1),
      which: fc.double({ min: 0, max: 1, noNaN: true }),
      gap: fc.nat(1),
    }),
    { maxLength },
  );

interface Message {
  readonly seq: number;
  readonly count: number;
  readonly author: string;
  deleted: boolean;
}

/** A conversation that Ada began alone, and what the steps led to. */
export class History {
  readonly entries: FollowedEntry[] = [];
  readonly messages: Message[] = [];
  readonly present = new Set<string>([people[0] ?? ""]);
  readonly id: ConversationId;
  #position = 0;

  constructor(id: ConversationId, script: readonly Step[], history = HistoryPolicy.FROM_JOIN) {
    this.id = id;
    const members = [{ userId: people[0] ?? "", role: Role.OWNER }];
    const kind = ConversationKind.GROUP;
    const value = { kind, name: "first", posting: PostingPolicy.MEMBERS, history, members };
    this.#add("ada", { case: "conversationCreated", value });
    for (const step of script) this.#run(step);
  }

  #run({ kind, who, which, gap }: Step): void {
    this.#position += gap;
    const user = people[who] ?? "";
    const isHere = this.present.has(user);
    if (kind === "come" && !isHere) {
      this.present.add(user);
      this.#add("ada", { case: "membersAdded", value: { members: [{ userId: user, role: Role.MEMBER }] } });
    }
    if (!isHere) return;
    if (kind === "go") {
      this.present.delete(user);
      this.#add(user, { case: "memberRemoved", value: { userId: user } });
    }
    if (kind === "role") this.#add(user, { case: "roleChanged", value: { userId: user, role: Role.ADMIN } });
    if (kind === "rename") this.#add(user, { case: "conversationChanged", value: { name: `name ${which}` } });
    if (kind === "post") this.#post(user);
    if (kind === "edit" || kind === "delete") this.#change(kind, user, which);
  }

  #post(user: string): void {
    const seq = this.entries.length + 1;
    this.messages.push({ seq, count: this.messages.length + 1, author: user, deleted: false });
    this.#add(user, { case: "messagePosted", value: { content: { text: `secret ${seq}.` } } });
  }

  #change(kind: "edit" | "delete", user: string, which: number): void {
    const message = this.messages[Math.floor(which * (this.messages.length - 1))];
    if (!message || message.deleted) return;
    const targetSeq = BigInt(message.seq);
    if (kind === "edit") {
      const content = { text: `secret edit ${this.entries.length + 1}.` };
      this.#add(user, { case: "messageEdited", value: { targetSeq, content } }, message);
    } else {
      message.deleted = true;
      this.#add(user, { case: "messageDeleted", value: { targetSeq, targetCount: BigInt(message.count) } }, message);
    }
  }

  #add(
    author: string,
    body: NonNullable<Parameters<typeof create<typeof EventSchema>>[1]>["body"],
    of?: Message,
  ): void {
    const seq = this.entries.length + 1;
    const base = { conversationId: this.id, seq: BigInt(seq), messageCount: BigInt(this.messages.length) };
    const time = timestampFromMs(1_000 * seq);
    const event: Event = create(EventSchema, { ...base, authorId: author, time, ...(body ? { body } : {}) });
    const sent = { userId: author, deviceId: "phone", clientId: String(seq).padStart(5, "0") };
    const header = create(
      HeaderSchema,
      of ? { ...sent, targetCount: BigInt(of.count), targetAuthorId: of.author } : sent,
    );
    this.#position++;
    this.entries.push({
      shard: 0,
      position: this.#position,
      incarnation: 1,
      conversationId: conversationId(this.id),
      seq,
      kind: event.body.case,
      event,
      bytes: encodeEvent(event),
      header,
    });
  }
}
