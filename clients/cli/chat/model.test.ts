import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import {
  ContentSchema,
  ConversationKind,
  ConversationSchema,
  EventSchema,
  MarksSchema,
  MessageSchema,
  type SyncEvent,
  TypingSchema,
} from "@parley/sdk";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ChatInput, type ChatState, createChatState, lastOwn, lastSeq, reduceChat, tickOf } from "./model.ts";

const conversationId = "AAECAwQFBgcICQoLDA0ODxAR";
const conversation = create(ConversationSchema, {
  conversationId,
  kind: ConversationKind.DIRECT,
  memberCount: 2,
  peerId: "marvin",
  unread: { count: 2 },
  marks: { readSeq: 3n },
});
const start = createChatState(conversation, "self");
const minute = 60_000;

describe("chat window", () => {
  it("holds every message once and in order, whatever comes first", () => {
    const inputs: ChatInput[] = [1n, 2n, 3n, 4n, 5n].flatMap((seq) => [said(seq), history(seq, seq + 1n)]);
    const own = [
      posted("a"),
      posted("b"),
      acknowledged("a", 6n),
      acknowledged("b", 7n),
      sentFrame("a", 6n),
      said(7n, "self"),
    ];
    fc.assert(
      fc.property(fc.shuffledSubarray(inputs, { minLength: inputs.length }), fc.nat(inputs.length), (shuffled, at) => {
        const state = play(start, ...shuffled.toSpliced(at, 0, ...own));
        expect(state.entries.map((entry) => entry.seq)).toEqual([1n, 2n, 3n, 4n, 5n, 6n, 7n]);
      }),
    );
  });

  it("keeps what is on its way at the end until it has a number", () => {
    const waiting = play(start, said(4n), posted("a"), said(5n));
    expect(waiting.entries.map((entry) => entry.seq)).toEqual([4n, 5n, undefined]);
    expect(play(waiting, acknowledged("a", 6n)).entries.map((entry) => entry.seq)).toEqual([4n, 5n, 6n]);
  });

  it("leaves a message where it stands among notices once it is numbered", () => {
    const state = play(
      start,
      said(4n),
      posted("a"),
      { type: "notice", text: "help", now: minute },
      acknowledged("a", 5n),
    );
    expect(state.entries.map((entry) => entry.kind)).toEqual(["message", "message", "notice"]);
  });

  it("tells how far a message came", () => {
    const tick = (state: ChatState) => {
      const own = state.entries.find((entry) => entry.kind === "message" && entry.authorId === "self");
      return own?.kind === "message" && tickOf(state, own);
    };
    const steps: ChatInput[] = [posted("a"), acknowledged("a", 6n), marked("marvin", 5n, 6n), marked("marvin", 6n, 6n)];
    const ticks = steps.map((_, count) => tick(play(start, ...steps.slice(0, count + 1))));
    expect(ticks).toEqual(["waiting", "sent", "delivered", "read"]);
    expect(tick(play(start, posted("a"), { type: "refused", clientId: "a", sentence: "No." }))).toBe("refused");
    expect(tick(play(start, posted("a"), acknowledged("a", 6n), marked("self", 6n, 6n)))).toBe("sent");
  });

  it("applies edits and deletions, and finds the last own message that stands", () => {
    const edited = play(
      start,
      said(4n, "self"),
      said(5n, "self"),
      sync({ ...happened(6n), type: "edited", targetSeq: 4n, content: text("new") }),
    );
    expect(edited.entries[0]).toMatchObject({ edited: true, content: { text: "new" } });
    expect(lastOwn(edited)?.seq).toBe(5n);
    const deleted = play(edited, sync({ ...happened(7n), type: "deleted", targetSeq: 5n }));
    expect(deleted.entries[1]).toMatchObject({ deleted: true, content: undefined });
    expect(lastOwn(deleted)?.seq).toBe(4n);
    expect(lastSeq(deleted)).toBe(5n);
  });

  it("ends typing by itself, or when the person speaks", () => {
    const typing = play(
      start,
      sync({ type: "typing", typing: create(TypingSchema, { conversationId, userId: "marvin", typing: true }) }),
    );
    expect([...typing.typing.keys()]).toEqual(["marvin"]);
    expect(play(typing, { type: "time", now: minute + 5_999 }).typing.size).toBe(1);
    expect(play(typing, { type: "time", now: minute + 6_000 }).typing.size).toBe(0);
    expect(play(typing, said(4n)).typing.size).toBe(0);
  });

  it("no longer shows what was unread once the reader answers", () => {
    expect(start.readUpTo).toBe(3n);
    expect(play(start, posted("a")).readUpTo).toBeUndefined();
  });

  it("drops what a reset takes back, and ignores other conversations", () => {
    const state = play(start, said(4n), said(5n), sync({ type: "reset", conversationId, keepSeq: 4n }));
    expect(state.entries.map((entry) => entry.seq)).toEqual([4n]);
    const all = play(start, said(4n), posted("a"), sync({ type: "reset", conversationId: undefined, keepSeq: 0n }));
    expect(all.entries.map((entry) => entry.seq)).toEqual([undefined]);
    expect(play(state, sync({ ...happened(9n), conversationId: "other", type: "deleted", targetSeq: 4n }))).toEqual(
      state,
    );
  });
});

function play(state: ChatState, ...inputs: ChatInput[]): ChatState {
  return inputs.reduce(reduceChat, state);
}

function happened(seq: bigint, authorId = "marvin") {
  return { conversationId, seq, authorId, time: new Date(Number(seq) * minute), event: create(EventSchema, { seq }) };
}

function said(seq: bigint, authorId = "marvin"): ChatInput {
  return sync({ ...happened(seq, authorId), type: "message", content: text(`message ${seq}`), messageCount: seq });
}

function history(...seqs: bigint[]): ChatInput {
  const time = timestampFromMs(minute);
  const known = seqs.filter((seq) => seq <= 5n);
  const messages = known.map((seq) =>
    create(MessageSchema, { conversationId, seq, authorId: "marvin", time, content: text("") }),
  );
  return { type: "history", messages };
}

function sync(event: SyncEvent): ChatInput {
  return { type: "sync", event, now: minute };
}

function posted(clientId: string): ChatInput {
  return { type: "posted", clientId, content: text(clientId), now: minute };
}

function acknowledged(clientId: string, seq: bigint): ChatInput {
  return { type: "acknowledged", clientId, seq, time: new Date(minute) };
}

function sentFrame(clientId: string, seq: bigint): ChatInput {
  return sync({ type: "sent", clientId, conversationId, seq });
}

function marked(userId: string, readSeq: bigint, deliveredSeq: bigint): ChatInput {
  return { type: "marks", marks: [create(MarksSchema, { conversationId, userId, readSeq, deliveredSeq })] };
}

function text(words: string) {
  return create(ContentSchema, { text: words });
}
