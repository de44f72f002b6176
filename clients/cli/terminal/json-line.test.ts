import fc from "fast-check";
import { expect, it } from "vitest";
import { jsonLine } from "./json-line.ts";

it("says the same as JSON, without a character that a terminal obeys", () => {
  expect(jsonLine({ seq: 7n, text: "\u009b2J\u202e\u007f" })).toBe('{"seq":"7","text":"\\u009b2J\\u202e\\u007f"}');
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("\u001b[2J", "\u009b31m", "\u2066", "\ufeff", "\n"),
  );
  fc.assert(
    fc.property(fc.array(text), (texts) => {
      const line = jsonLine({ texts });
      expect(JSON.parse(line)).toEqual({ texts });
      expect(line).not.toMatch(/\p{Cc}|\p{Bidi_Control}/u);
    }),
  );
});
