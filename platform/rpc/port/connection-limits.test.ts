import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { testCertificate } from "#platform/testing/certificate.ts";
import { proxyHeader } from "#platform/testing/proxy-header.ts";
import { until } from "#platform/testing/until.ts";
import { noOpenLimits } from "./connection-limits.ts";
import { listenOnOnePort, type OnePortOptions, type OnePortServer } from "./one-port-server.ts";
import { portLimits } from "./port-limits.ts";

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const get = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

let port: OnePortServer;
let metrics: Registry;
afterEach(() => port.close());

async function listen(options: Partial<OnePortOptions>): Promise<void> {
  metrics = new Registry();
  const onExchange: OnePortOptions["onExchange"] = (exchange) => exchange.answer(200, {});
  port = await listenOnOnePort({ host: "127.0.0.1", port: 0, metrics, onExchange, ...options });
}

/** A connection that asks something; "served" or "refused", once it is known. */
async function open(source = ""): Promise<{ outcome: string; socket: Socket }> {
  const socket = connect(Number(new URL(port.url).port), "127.0.0.1").on("error", () => {});
  if (source) socket.write(proxyHeader({ source }));
  socket.write(get);
  const outcome = await new Promise<string>((resolve) => {
    socket.once("data", () => resolve("served")).once("close", () => resolve("refused"));
  });
  return { outcome, socket };
}

const outcomes = async (sources: readonly string[]) => {
  const all: string[] = [];
  for (const source of sources) all.push((await open(source)).outcome);
  return all;
};

async function expectMetric(line: string): Promise<void> {
  await until(async () => {
    const page = await metrics.metrics();
    return page.includes(line) ? "" : `${line} is not in ${page}`;
  });
}

test("an address has so many connections, and one that closes makes room", async () => {
  await listen({ openLimits: { ...noOpenLimits, connectionsPerAddress: 2 } });
  const first = await open();
  expect(await outcomes(["", ""])).toEqual(["served", "refused"]);
  await expectMetric('parley_connections_refused_total{reason="address"} 1');
  first.socket.destroy();
  await expectMetric('parley_connections{protocol="http1"} 1');
  expect(await outcomes(["", ""])).toEqual(["served", "refused"]);
});

test("the port has so many connections", async () => {
  await listen({ openLimits: { ...noOpenLimits, connections: 2 } });
  const first = await open();
  expect(await outcomes(["", ""])).toEqual(["served", "refused"]);
  await expectMetric('parley_connections_refused_total{reason="port"} 1');
  first.socket.destroy();
  await expectMetric('parley_connections{protocol="http1"} 1');
  expect(await outcomes(["", ""])).toEqual(["served", "refused"]);
});

const tls = { cert: Buffer.from(testCertificate.cert), key: Buffer.from(testCertificate.key) };
const upgrade = "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
const oneEach = { ...noOpenLimits, connectionsPerAddress: 1 };

test.each<[string, Partial<OnePortOptions>, string | Buffer]>([
  ["what is no HTTP", {}, "hello\r\n\r\n"],
  ["half a preface", { limits: { ...portLimits, headersMs: 200 } }, "PRI * HTTP/2.0\r\n"],
  ["a preface and no SETTINGS", {}, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nhello hello"],
  ["no TLS", { tls }, "GET / HTTP/1.1\r\n\r\n"],
  ["half a handshake", { tls, limits: { ...portLimits, headersMs: 200 } }, Buffer.from("1603010200", "hex")],
  ["a request for a WebSocket", { onUpgrade: (_, socket) => void socket.end("HTTP/1.1 400 No\r\n\r\n") }, upgrade],
  [
    "a proxy's header, and no more",
    { proxies: { ranges: ["loopback"], header: "proxy-v2" }, limits: { ...portLimits, headersMs: 200 } },
    proxyHeader({ source: "192.0.2.1" }),
  ],
])("a connection that says %s makes room when it ends", async (_, options, bytes) => {
  await listen({ openLimits: oneEach, ...options });
  for (let count = 0; count < 3; count++) {
    const client = connect(Number(new URL(port.url).port), "127.0.0.1").on("error", () => {});
    client.resume().write(bytes);
    await until(() => (client.closed ? "" : "it is open"));
  }
  expect(await metrics.metrics()).not.toContain("parley_connections_refused_total{");
});

test("a connection of which nothing is heard counts, too", async () => {
  await listen({ openLimits: { ...noOpenLimits, connectionsPerAddress: 1 } });
  const silent = connect(Number(new URL(port.url).port), "127.0.0.1");
  await once(silent, "connect");
  expect((await open()).outcome).toBe("refused");
  silent.destroy();
  await until(async () => ((await open()).outcome === "served" ? "" : "refused"));
});

test("behind PROXY v2 each client has its own, and IPv6 networks count together", async () => {
  await listen({
    proxies: { ranges: ["loopback"], header: "proxy-v2" },
    openLimits: { ...noOpenLimits, connectionsPerAddress: 1 },
  });
  const sources = ["192.0.2.1", "192.0.2.2", "192.0.2.1", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"];
  expect(await outcomes(sources)).toEqual(["served", "served", "refused", "served", "refused", "served"]);
  await expectMetric('parley_connections_refused_total{reason="address"} 2');
});

test.each(["proxy-v2", "x-forwarded-for"] as const)("a proxy that writes %s has a limit of its own", async (header) => {
  await listen({
    proxies: { ranges: ["loopback"], header },
    openLimits: { ...noOpenLimits, connectionsPerAddress: 1, connectionsPerProxy: 3 },
  });
  const sources = header === "proxy-v2" ? ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"] : ["", "", "", ""];
  expect(await outcomes(sources)).toEqual(["served", "served", "served", "refused"]);
  await expectMetric('parley_connections_refused_total{reason="proxy"} 1');
});

test("who is not trusted has the limit of an address", async () => {
  await listen({
    proxies: { ranges: ["10.0.0.0/8"], header: "x-forwarded-for" },
    openLimits: { ...noOpenLimits, connectionsPerAddress: 1, connectionsPerProxy: 9 },
  });
  expect(await outcomes(["", ""])).toEqual(["served", "refused"]);
});

test("open connections are told by version, until they close", async () => {
  await listen({});
  const { socket } = await open();
  const other = connect(Number(new URL(port.url).port), "127.0.0.1").resume();
  other.write(http2Preface, "latin1");
  await expectMetric('parley_connections{protocol="http1"} 1');
  await expectMetric('parley_connections{protocol="http2"} 1');
  socket.destroy();
  other.destroy();
  await expectMetric('parley_connections{protocol="http1"} 0');
  await expectMetric('parley_connections{protocol="http2"} 0');
});
