import { expect, test } from "vitest";
import { parseRedisUrl, placeOf } from "./redis-url.ts";

const plain = { host: "redis", port: 6379, tls: false, user: "", password: "", database: 0 };

test("a host is enough", () => {
  expect(parseRedisUrl("redis://redis")).toEqual(plain);
  expect(parseRedisUrl("redis://redis/")).toEqual(plain);
  expect(parseRedisUrl("rediss://redis")).toEqual({ ...plain, tls: true });
});

test("user, password, port and database are taken as they are meant", () => {
  const url = parseRedisUrl("redis://par%6cey:p%40ss%2Fw%3A@[::1]:7000/3");
  expect(url).toEqual({ host: "::1", port: 7000, tls: false, user: "parley", password: "p@ss/w:", database: 3 });
  expect(placeOf(url)).toBe("[::1]:7000");
  expect(parseRedisUrl("redis://:secret@redis")).toEqual({ ...plain, password: "secret" });
});

test.each([
  "redis",
  "redis:",
  "redis://",
  "http://redis",
  "redis://redis:70000",
  "redis://redis/x",
  "redis://redis/0?db=1",
  "redis://redis/-1",
  "redis://user:%zz@redis",
])("%s is refused with a sentence", (text) => {
  expect(() => parseRedisUrl(text)).toThrow(RangeError);
  expect(() => parseRedisUrl(text)).toThrow(/write redis:\/\//);
});

test("no password gets into a refusal", () => {
  expect(() => parseRedisUrl("redis://user:hunter2@redis/x")).not.toThrow(/hunter2/);
});
