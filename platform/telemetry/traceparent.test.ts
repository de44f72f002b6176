import { expect, test } from "vitest";
import { isSampled, readTraceparent, writeTraceparent } from "./traceparent.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const spanId = "00f067aa0ba902b7";

test("what is written is read", () => {
  for (const isSampled of [true, false]) {
    expect(readTraceparent(writeTraceparent({ traceId, spanId, isSampled }))).toEqual({ traceId, spanId, isSampled });
  }
});

test.each([
  "",
  "00",
  `00-${"0".repeat(32)}-${spanId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId}-${spanId}-1`,
])("%j is no context", (text) => expect(readTraceparent(text)).toBeUndefined());

test("whether a span is recorded is its last bit", () => {
  expect(["00", "01", "02", "03"].map((flags) => isSampled(`00-${traceId}-${spanId}-${flags}`))).toEqual([
    false,
    true,
    false,
    true,
  ]);
  expect(isSampled("")).toBe(false);
});
