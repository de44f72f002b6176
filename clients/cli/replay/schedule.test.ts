import { expect, test } from "vitest";
import type { IrcItem } from "../import/irc-import.ts";
import { scheduleOf } from "./schedule.ts";

const item = (minute: number, kind: "joined" | "posted" = "joined"): IrcItem => ({
  clientId: "",
  nick: "a",
  timeMs: 1_000_000 + minute * 60_000,
  body: kind === "posted" ? { case: "posted", text: "hi", action: false } : { case: kind },
});

test("what happened within a minute is spread over it, and everything is faster", () => {
  const items = [item(0), item(0), item(0), item(3)];
  expect(scheduleOf(items, 10).map(({ atMs }) => atMs)).toEqual([0, 2000, 4000, 18_000]);
  expect(scheduleOf(items, 10).map(({ item }) => item)).toEqual(items);
  expect(scheduleOf([], 10)).toEqual([]);
});

test("what came before the first message is done at once", () => {
  const items = [item(0), item(100, "posted"), item(101)];
  expect(scheduleOf(items, 1).map(({ atMs }) => atMs)).toEqual([0, 0, 60_000]);
});
