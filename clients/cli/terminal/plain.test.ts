import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainLine, plainText } from "./plain.ts";

describe("text of other people", () => {
  it.each([
    ["colours", "\u001b[31mred\u001b[0m", "red"],
    ["a title", "\u001b]0;owned\u0007hello", "hello"],
    ["a link", "\u001b]8;;http://evil\u0007click\u001b]8;;\u0007", "click"],
    ["a cleared screen in one byte", "\u009b2Jhello", "hello"],
    ["a carriage return over the line's start", "evil\rmarvin", "evil\nmarvin"],
    ["backspaces", "abc\b\b\bxyz", "abcxyz"],
    ["turned direction", "abc\u202egnp.exe", "abcgnp.exe"],
    ["a bell and a null", "a\u0007b\u0000c", "abc"],
  ])("loses %s", (_, text, shown) => {
    expect(plainText(text)).toBe(shown);
  });

  it("keeps line breaks, tabs, accents and emoji", () => {
    expect(plainText("é\t日本\n👩‍👩‍👧")).toBe("é\t日本\n👩‍👩‍👧");
    expect(plainLine(" two\r\n lines\there ")).toBe("two lines here");
  });

  it("never holds a control character, whatever comes in", () => {
    const fragment = fc.constantFrom(
      "\u001b",
      "\u001b[",
      "\u009b",
      "\u009d",
      "]0;",
      "\u0007",
      "m",
      "31",
      "\\",
      "a",
      "\u007f",
    );
    const hostile = fc.array(fc.oneof(fragment, fc.string({ unit: "binary" })), { maxLength: 30 });
    fc.assert(
      fc.property(hostile, (parts) => {
        const shown = plainText(parts.join(""));
        const controls = [...shown].filter((char) => {
          const code = char.codePointAt(0) ?? 0;
          return (code < 0x20 && char !== "\n" && char !== "\t") || (code >= 0x7f && code < 0xa0);
        });
        expect(controls).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
