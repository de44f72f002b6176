import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { expect, test } from "vitest";
import { ConfigError, readConfig, settings } from "./config.ts";

const sample = parseEnv(readFileSync(new URL("../../ops/parley.env.sample", import.meta.url), "utf8"));

test("the sample lists every setting, with its default", () => {
  expect(Object.keys(sample).sort()).toEqual([...settings].sort());
  expect(readConfig(sample)).toEqual(readConfig({}));
});

test.each([
  ["PARLEY_LISTN", "x", "PARLEY_LISTN"],
  ["PARLEY_LISTEN", "8080", "host:port"],
  ["PARLEY_LISTEN", "127.0.0.1:99999", "host:port"],
  ["PARLEY_SHARDS", "0", "from 1 to 1024"],
  ["PARLEY_SHARDS", "many", "whole number"],
  ["PARLEY_LOG", "nats://localhost", "sqlite:"],
  ["PARLEY_STORE", "sqlite:?synchronous=maybe", "synchronous"],
  ["PARLEY_EPHEMERAL", "redis://localhost", "memory:"],
  ["PARLEY_BLOBS", "s3://bucket", "file:"],
  ["PARLEY_TLS_CERT", "cert.pem", "go together"],
  ["PARLEY_TRUSTED_ISSUER", "https://example.org", "PARLEY_TRUSTED_AUDIENCE"],
  ["PARLEY_TRUSTED_JWKS", "https://example.org", "PARLEY_TRUSTED_ISSUER"],
])("%s=%s is refused with a sentence", (name, value, part) => {
  expect(() => readConfig({ [name]: value })).toThrow(ConfigError);
  expect(() => readConfig({ [name]: value })).toThrow(part);
});

test("an IPv6 address is written in brackets", () => {
  expect(readConfig({ PARLEY_LISTEN: "[::1]:80" }).listen).toEqual({ host: "::1", port: 80 });
});

test("settings of the clients are not the server's concern", () => {
  expect(() => readConfig({ PARLEY_URL: "http://localhost", HOME: "/" })).not.toThrow();
});
