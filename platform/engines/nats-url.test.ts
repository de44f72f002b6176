import { expect, test } from "vitest";
import { parseNatsUrl } from "./nats-url.ts";

const plain = {
  servers: ["nats:4222"],
  tls: false,
  user: "",
  password: "",
  token: "",
  name: "parley",
  replicas: 1,
  maxBytes: 16 * 2 ** 30,
};

test("a host is enough", () => {
  expect(parseNatsUrl("nats://nats")).toEqual(plain);
  expect(parseNatsUrl("nats://nats/")).toEqual(plain);
  expect(parseNatsUrl("tls://nats")).toEqual({ ...plain, tls: true });
});

test("servers, user, name, replicas and the limit are taken as they are meant", () => {
  expect(parseNatsUrl("nats://ada:p%40ss%2Fw%3A@n1,n2:4223,[::1]/shop_2?replicas=3&max_bytes=64MiB")).toEqual({
    ...plain,
    servers: ["n1:4222", "n2:4223", "[::1]:4222"],
    user: "ada",
    password: "p@ss/w:",
    name: "shop_2",
    replicas: 3,
    maxBytes: 64 * 2 ** 20,
  });
  expect(parseNatsUrl("nats://s3cret@nats:7000")).toEqual({ ...plain, servers: ["nats:7000"], token: "s3cret" });
  expect(parseNatsUrl("nats://nats?max_bytes=1000")).toEqual({ ...plain, maxBytes: 1000 });
});

test.each([
  ["nats:", "write nats://"],
  ["nats://", "write nats://"],
  ["http://nats", "write nats://"],
  ["nats://n1,,n2", "write nats://"],
  ["nats://n1:70000", "write nats://"],
  ["nats://n1/a/b", "write nats://"],
  ["nats://a:%zz@n1", "write nats://"],
  ["nats://n1/a.b", "up to 32 letters"],
  ["nats://n1/parley?copies=3", "replicas and max_bytes"],
  ["nats://n1/parley?replicas=2", "1, 3 or 5"],
  ["nats://n1/parley?max_bytes=0", "max_bytes is"],
  ["nats://n1/parley?max_bytes=9999999TiB", "max_bytes is"],
])("%s is refused with a sentence", (text, sentence) => {
  expect(() => parseNatsUrl(text)).toThrow(RangeError);
  expect(() => parseNatsUrl(text)).toThrow(sentence);
});

test("no password gets into a refusal", () => {
  expect(() => parseNatsUrl("nats://user:hunter2@nats/a b")).not.toThrow(/hunter2/);
});
