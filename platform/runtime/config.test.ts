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
  ["PARLEY_PEER_LISTEN", "8081", "host:port"],
  ["PARLEY_REUSE_PORT", "yes", '"true" or "false"'],
  ["PARLEY_REUSE_PORT", "true", "PARLEY_PEER_LISTEN"],
  ["PARLEY_SHARDS", "0", "from 1 to 1024"],
  ["PARLEY_SHARDS", "many", "whole number"],
  ["PARLEY_HEADERS_SECONDS", "0", "from 1 to 86400"],
  ["PARLEY_IDLE_SECONDS", "20", "from 30 to 86400"],
  ["PARLEY_HEADER_KILOBYTES", "65", "from 4 to 64"],
  ["PARLEY_HTTP2_STREAMS", "0", "from 1 to 100000"],
  ["PARLEY_LOG", "kafka://localhost", '"sqlite:" or "nats:"'],
  ["PARLEY_LOG", "nats://localhost/a b", "PARLEY_LOG"],
  ["PARLEY_NATS_MONITOR", "http://localhost:8222", "PARLEY_LOG=nats://"],
  ["PARLEY_STORE", "postgres://me:secret@localhost/parley", '"postgres:…"'],
  ["PARLEY_STORE", "cql://localhost", "PARLEY_STORE"],
  ["PARLEY_STORE", "sqlite:?synchronous=maybe", "synchronous"],
  ["PARLEY_EPHEMERAL", "redis://localhost/first", "write redis://"],
  ["PARLEY_EPHEMERAL", "memcached://localhost", '"memory:" or "redis:"'],
  ["PARLEY_ADVERTISE", "http://localhost", "share a log on NATS"],
  ["PARLEY_BLOBS", "s3://bucket", "file:"],
  ["PARLEY_TLS_CERT", "cert.pem", "go together"],
  ["PARLEY_TRUSTED_PROXIES", "10.0.0.0/8,balancer.example", '"balancer.example" is no address'],
  ["PARLEY_TRUSTED_PROXIES", "10.0.0.0/8,", '"" is no address'],
  ["PARLEY_TRUSTED_PROXIES", "0.0.0.0/0", "no range"],
  ["PARLEY_PROXY_HEADER", "x-real-ip", "x-forwarded-for, forwarded, proxy-v2"],
  ["PARLEY_PROXY_HEADER", "proxy-v2", "PARLEY_TRUSTED_PROXIES"],
  ["PARLEY_LIMIT_CONNECTIONS_PER_ADDRESS", "-1", "from 0 to"],
  ["PARLEY_ALLOWED_ORIGINS", "https://app.example.org/", '"https://app.example.org/" is no origin'],
  ["PARLEY_ALLOWED_ORIGINS", "https://App.example.org", "no origin"],
  ["PARLEY_ALLOWED_ORIGINS", "https://app.example.org:443", "no origin"],
  ["PARLEY_ALLOWED_ORIGINS", "app.example.org", "no origin"],
  ["PARLEY_ALLOWED_ORIGINS", "*,null", '"null" is no origin'],
  ["PARLEY_TARGETS", "gateway", "PARLEY_PEERS"],
  ["PARLEY_TARGETS", "auth,chat", "PARLEY_LOG=nats://… and PARLEY_STORE=cql://…"],
  ["PARLEY_TARGETS", "all,gateway", "not both"],
  ["PARLEY_PEERS", "http://localhost:8080", "PARLEY_TARGETS"],
  ["PARLEY_TRUSTED_ISSUER", "https://example.org", "PARLEY_TRUSTED_AUDIENCE"],
  ["PARLEY_TRUSTED_JWKS", "https://example.org", "PARLEY_TRUSTED_ISSUER"],
])("%s=%s is refused with a sentence", (name, value, part) => {
  expect(() => readConfig({ [name]: value })).toThrow(ConfigError);
  expect(() => readConfig({ [name]: value })).toThrow(part);
});

test.each([
  ["PARLEY_LOG", "nats://me:hunter2@localhost/a b"],
  ["PARLEY_LOG", "kafka://me:hunter2@localhost"],
  ["PARLEY_STORE", "postgres://me:a/hunter2@localhost/parley"],
  ["PARLEY_STORE", "cql://me:hunter2@localhost"],
  ["PARLEY_EPHEMERAL", "redis://me:hunter2@localhost/first"],
  ["PARLEY_EPHEMERAL", "redis//me:hunter2@localhost"],
  ["PARLEY_BLOBS", "s3://me:hunter2@bucket"],
  ["PARLEY_ADVERTISE", "http://me:hunter2@localhost"],
])("%s=%s is refused without the password", (name, value) => {
  const log = name === "PARLEY_ADVERTISE" ? { PARLEY_LOG: "nats://localhost" } : {};
  const read = () => readConfig({ ...log, [name]: value });
  expect(read).toThrow(ConfigError);
  expect(read).not.toThrow("hunter2");
});

test("an IPv6 address is written in brackets", () => {
  expect(readConfig({ PARLEY_LISTEN: "[::1]:80" }).listen).toEqual({ host: "::1", port: 80 });
});

test.each([
  ["https://app.example.org, http://localhost:5173", ["https://app.example.org", "http://localhost:5173"]],
  ["http://[::1]:8080,capacitor://localhost", ["http://[::1]:8080", "capacitor://localhost"]],
  ["", []],
])("origins %j are those that browsers tell", (list, origins) => {
  expect(readConfig({ PARLEY_ALLOWED_ORIGINS: list }).allowedOrigins).toEqual(origins);
});

test("trusted proxies are listed, and how they tell clients' addresses", () => {
  const list = "10.0.0.0/8, fd00::/8,loopback";
  const ranges = ["10.0.0.0/8", "fd00::/8", "loopback"];
  expect(readConfig({ PARLEY_TRUSTED_PROXIES: list }).proxies).toEqual({ ranges, header: "x-forwarded-for" });
  const settings = { PARLEY_TRUSTED_PROXIES: list, PARLEY_PROXY_HEADER: "proxy-v2" };
  expect(readConfig(settings).proxies).toEqual({ ranges, header: "proxy-v2" });
  expect(readConfig({}).proxies).toBeUndefined();
});

test("what one address may have open is limited, unless switched off", () => {
  expect(readConfig({}).openLimits).toEqual({
    connections: 200_000,
    connectionsPerAddress: 2_000,
    connectionsPerProxy: 50_000,
    callsPerAddress: 4_000,
  });
  expect(readConfig({ PARLEY_LIMIT_OPEN_CALLS_PER_ADDRESS: "0" }).openLimits.callsPerAddress).toBe(0);
});

test("settings of the clients are not the server's concern", () => {
  expect(() => readConfig({ PARLEY_URL: "http://localhost", HOME: "/" })).not.toThrow();
});

test("what connections may take is set in seconds, kilobytes and numbers", () => {
  const env = { PARLEY_KEEPALIVE_SECONDS: "7", PARLEY_HEADER_KILOBYTES: "8", PARLEY_HTTP2_STREAMS: "20" };
  expect(readConfig(env).portLimits).toEqual({
    ...readConfig({}).portLimits,
    keepaliveMs: 7_000,
    headerBytes: 8_192,
    streams: 20,
  });
});

test("a process is one or more modules, and reaches the rest elsewhere", () => {
  const env = { PARLEY_TARGETS: "gateway", PARLEY_PEERS: "http://core:8080/", PARLEY_PEER_KEY: "/keys/peer.key" };
  const { targets, peers, peerKeyFile } = readConfig(env);
  expect({ targets, peers, peerKeyFile }).toEqual({
    targets: ["gateway"],
    peers: "http://core:8080",
    peerKeyFile: "/keys/peer.key",
  });
  expect(readConfig({}).targets).toBe("all");
  for (const peers of ["core:8080", "ftp://core", "http://core/path", "http://one,http://two"]) {
    expect(() => readConfig({ ...env, PARLEY_PEERS: peers })).toThrow("PARLEY_PEERS must be");
  }
  expect(() => readConfig({ ...env, PARLEY_LOG: "sqlite:log.db" })).toThrow("keeps no data: remove PARLEY_LOG");
  expect(readConfig({ ...env, PARLEY_LOG: "sqlite:" }).targets).toEqual(["gateway"]);
});

test("processes that share engines are any modules; gateways need no store", () => {
  const log = "nats://parley:secret@n1:4222,n2/shop?replicas=3";
  const shared = { PARLEY_LOG: log, PARLEY_NATS_MONITOR: "http://n1:8222,http://n2:8222" };
  const store = "cql://c1:9042/shop?dc=west&replication=3";
  const ephemeral = "redis://r:6379/1";
  const chat = readConfig({ ...shared, PARLEY_STORE: store, PARLEY_EPHEMERAL: ephemeral, PARLEY_TARGETS: "chat,user" });
  expect(chat.targets).toEqual(["chat", "user"]);
  expect(chat.log).toMatchObject({ kind: "nats", servers: ["n1:4222", "n2:4222"], name: "shop", replicas: 3 });
  expect(chat.log).toMatchObject({ monitors: ["http://n1:8222", "http://n2:8222"] });
  expect(chat.store).toMatchObject({ kind: "cql", keyspace: "shop", localDataCenter: "west", replication: 3 });
  expect(chat.ephemeral).toMatchObject({ kind: "redis", host: "r", database: 1 });
  const gateway = { ...shared, PARLEY_EPHEMERAL: ephemeral, PARLEY_TARGETS: "gateway" };
  expect(readConfig({ ...gateway, PARLEY_ADVERTISE: "http://gateway-1:8080/" }).advertise).toBe(
    "http://gateway-1:8080",
  );
  expect(() => readConfig({ ...gateway, PARLEY_TARGETS: "chat" })).toThrow("PARLEY_STORE=cql://");
  expect(() => readConfig({ ...gateway, PARLEY_EPHEMERAL: "" })).toThrow("PARLEY_EPHEMERAL=redis://");
  expect(() => readConfig({ ...gateway, PARLEY_NATS_MONITOR: "n1:8222" })).toThrow("PARLEY_NATS_MONITOR must list");
});
