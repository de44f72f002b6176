import { expect, test } from "vitest";
import { differences } from "./generated.ts";

const files = (contents: Record<string, string>) =>
  new Map(Object.entries(contents).map(([path, text]): [string, Buffer] => [path, Buffer.from(text)]));

test("equal trees do not differ", () => {
  expect(differences(files({ a: "1", b: "2" }), files({ b: "2", a: "1" }))).toEqual([]);
});

test("missing, different and left-over files are told", () => {
  expect(differences(files({ a: "1", b: "2" }), files({ a: "x", c: "3" }))).toEqual([
    "gen/a is out of date",
    "gen/b is missing",
    "gen/c has no source",
  ]);
});
