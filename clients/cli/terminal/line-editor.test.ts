import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { type EditedLine, editLine, emptyLine, type Key, viewLine } from "./line-editor.ts";

const key = (name: string): Key => ({ name });
const ctrl = (name: string): Key => ({ name, ctrl: true });
const typed = (text: string): Key[] => Array.from(text, (sequence) => ({ sequence }));

describe("line editor", () => {
  it.each<[string, Key[], string]>([
    ["types", typed("hello"), "hello|"],
    ["inserts at the cursor", [...typed("hllo"), key("home"), key("right"), ...typed("e")], "he|llo"],
    ["deletes before and after", [...typed("abcd"), key("left"), key("left"), key("backspace"), key("delete")], "a|d"],
    ["goes by words", [...typed("one two three"), ctrl("left"), ctrl("left"), ctrl("right")], "one two| three"],
    ["cuts a word, then to both ends", [...typed("one two three"), ctrl("w"), ctrl("left"), ctrl("k")], "one |"],
    ["cuts to the start", [...typed("one two"), ctrl("left"), ctrl("u")], "|two"],
    [
      "takes a family as one character",
      [...typed("a"), { sequence: "👩‍👩‍👧" }, ...typed("b"), key("left"), key("backspace")],
      "a|b",
    ],
    ["ignores control characters and unknown keys", [...typed("a\u0007b\u001b"), ctrl("q"), { name: "f5" }], "ab|"],
  ])("%s", (_, keys, expected) => {
    const { text, cursor } = keys.reduce(editLine, emptyLine);
    expect(`${text.slice(0, cursor)}|${text.slice(cursor)}`).toBe(expected);
  });

  it("keeps the cursor inside the text and the view inside its columns, whatever is pressed", () => {
    const named = fc.constantFrom("left", "right", "home", "end", "backspace", "delete").map(key);
    const controls = fc.constantFrom("a", "b", "e", "f", "h", "k", "u", "w", "left", "right").map(ctrl);
    const letters = fc.constantFrom("a", " ", "日", "👩‍👩‍👧", "é").map((sequence): Key => ({ sequence }));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(named, controls, letters), { maxLength: 80 }),
        fc.integer({ min: 4, max: 40 }),
        (keys, columns) => {
          const line: EditedLine = keys.reduce(editLine, emptyLine);
          expect(line.cursor).toBeGreaterThanOrEqual(0);
          expect(line.cursor).toBeLessThanOrEqual(line.text.length);
          const { shown, column } = viewLine(line, columns);
          expect(stringWidth(shown)).toBeLessThanOrEqual(columns);
          expect(column).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});
