import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { ContentSchema, ConversationKind, ConversationSchema, type Message, MessageSchema } from "@parley/sdk";
import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { emptyLine } from "../terminal/line-editor.ts";
import { createChatState, reduceChat } from "./model.ts";
import { renderChat } from "./render.ts";

const names = { load: async () => {}, of: (userId: string) => userId };
const view = {
  title: "marvin",
  columns: 60,
  rows: 12,
  scroll: 0,
  input: emptyLine,
  names,
  paint: (_: unknown, text: string) => text,
};

describe("chat window on the screen", () => {
  it("shows days, what is unread, who speaks and how far it came", () => {
    const state = stateOf([
      message(1n, "marvin", "Life.", "2026-11-20T23:58:00"),
      message(2n, "self", "Cheer up.", "2026-11-21T00:01:00"),
      message(3n, "marvin", "Don't talk to me about life.", "2026-11-21T00:02:00"),
    ]);
    const lines = renderChat(state, view).lines.map((line) => line.trim());
    expect(lines).toHaveLength(12);
    expect(lines[0]).toBe("marvin · connecting…");
    expect(lines.filter((line) => line !== "").slice(1, -1)).toEqual([
      expect.stringMatching(/^─+ Friday,? 20 November 2026 ─+$/u),
      "23:58 marvin: Life.",
      expect.stringMatching(/^─+ Saturday,? 21 November 2026 ─+$/u),
      "00:01 you: Cheer up. ✓",
      expect.stringMatching(/^─+ unread ─+$/u),
      "00:02 marvin: Don't talk to me about life.",
    ]);
  });

  it("fits any text into any terminal, and lets nobody else's escape sequences through", () => {
    const hostile = fc.string({
      unit: fc.constantFrom("a", " ", "日", "👩‍👩‍👧", "\n", "\u001b[2J", "\u0007", "é", "/"),
      maxLength: 200,
    });
    const size = fc.record({
      columns: fc.integer({ min: 20, max: 100 }),
      rows: fc.integer({ min: 5, max: 30 }),
      scroll: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 10 }), size, hostile, (texts, terminal, typed) => {
        const state = stateOf(
          texts.map((text, index) => message(BigInt(index + 1), index % 2 ? "self" : "marvin", text)),
        );
        const input = { text: typed.replaceAll(/[^\P{Cc}\n]/gu, ""), cursor: 0 };
        const { lines, cursorColumn } = renderChat(state, { ...view, ...terminal, input });
        expect(lines).toHaveLength(terminal.rows);
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(terminal.columns);
        expect(lines.join("")).not.toMatch(/\p{Cc}/u);
        expect(cursorColumn).toBeLessThan(terminal.columns);
      }),
    );
  });
});

function stateOf(messages: Message[]) {
  const unread = { count: 1 };
  const conversation = create(ConversationSchema, {
    kind: ConversationKind.DIRECT,
    memberCount: 2,
    unread,
    marks: { readSeq: 2n },
  });
  return reduceChat(createChatState(conversation, "self"), { type: "history", messages });
}

function message(seq: bigint, authorId: string, text: string, time = "2026-11-21T10:31:00"): Message {
  const content = create(ContentSchema, { text });
  return create(MessageSchema, { seq, authorId, content, time: timestampFromDate(new Date(time)) });
}
