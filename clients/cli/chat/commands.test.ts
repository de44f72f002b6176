import { expect, it } from "vitest";
import { type ChatCommand, parseLine } from "./commands.ts";

it.each<[string, ChatCommand]>([
  ["hello there", { kind: "say", text: "hello there", action: false }],
  ["  ", { kind: "nothing" }],
  ["/me waves", { kind: "say", text: "waves", action: true }],
  ["/me", { kind: "nothing" }],
  ["/edit what I meant", { kind: "edit", text: "what I meant" }],
  ["/delete", { kind: "delete" }],
  ["/quit", { kind: "quit" }],
  ["//etc/passwd", { kind: "say", text: "/etc/passwd", action: false }],
  ["/frob x", { kind: "unknown", name: "frob" }],
])("reads %j", (line, command) => {
  expect(parseLine(line)).toEqual(command);
});
