import { expect, test } from "vitest";
import { ConfigError } from "#platform/runtime/config-error.ts";
import { parseCqlUrl } from "./cql-url.ts";

const read = (text: string) => parseCqlUrl("PARLEY_STORE", text);

test("a URL names nodes, keyspace, data centre and copies", () => {
  expect(read("cql://h1:9142,h2,[::1]:9043/parley?dc=eu-west&replication=5")).toEqual({
    contactPoints: ["h1:9142", "h2:9042", "[::1]:9043"],
    localDataCenter: "eu-west",
    keyspace: "parley",
    replication: 5,
  });
  expect(read("cql://h1/parley")).toMatchObject({ localDataCenter: "datacenter1", replication: 3 });
});

test("user and password are percent-encoded", () => {
  expect(read("cql://ada:p%40ss%2F%3A1:2@h1/parley").credentials).toEqual({ username: "ada", password: "p@ss/:1:2" });
});

test.each([
  ["cql:h1/parley", "must be written as"],
  ["cql://h1", "must be written as"],
  ["cql://h1/", "no name of a keyspace"],
  ["cql://h1/Parley", "no name of a keyspace"],
  [`cql://h1/${"a".repeat(49)}`, "no name of a keyspace"],
  ["cql://h1;DROP/parley?dc='", "no name of a data centre"],
  ["cql://h1:0/parley", '"h1:0" is no host'],
  ["cql://h1:99999/parley", '"h1:99999" is no host'],
  ["cql://h1,/parley", '"" is no host'],
  ["cql://h1/parley?replication=0", "from 1 to 9"],
  ["cql://h1/parley?replication=ten", "from 1 to 9"],
  ["cql://h1/parley?rf=3", 'not "rf"'],
])("%s is refused", (text, sentence) => {
  expect(() => read(text)).toThrow(ConfigError);
  expect(() => read(text)).toThrow(sentence);
  expect(() => read(text)).toThrow("PARLEY_STORE");
});

test.each([
  "cql://ada:s3cret%@h1/p",
  "cql://s3cret@h1/p",
  "cql://ada:s3cret@/p",
  "cql://ada:s3cret@h1/P",
  "cql:/a:s3cret@",
])("the password of %s is not told", (text) => {
  let message = "";
  try {
    read(text);
  } catch (error) {
    message = String(error);
  }
  expect(message).toContain("PARLEY_STORE");
  expect(message).not.toContain("s3cret");
});
