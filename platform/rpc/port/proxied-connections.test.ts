import { once } from "node:events";
import { request as requestHttp } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { testCertificate } from "#platform/testing/certificate.ts";
import { proxyHeader } from "#platform/testing/proxy-header.ts";
import { listenOnOnePort, type OnePortOptions, type OnePortServer } from "./one-port-server.ts";

const byLoopback = { ranges: ["loopback"], header: "proxy-v2" } as const;
const { cert, key } = testCertificate;
const tls = { cert: Buffer.from(cert), key: Buffer.from(key) };

let port: OnePortServer;
let metrics: Registry;
afterEach(() => port.close());

/** Answers each request with the address that it comes from. */
async function listen(options: Partial<OnePortOptions> = {}): Promise<void> {
  metrics = new Registry();
  port = await listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    proxies: byLoopback,
    metrics,
    onExchange: (exchange) => exchange.answer(200, {}, Buffer.from(exchange.clientAddress)),
    ...options,
  });
}

function dial(): Socket {
  return connect(Number(new URL(port.url).port), "127.0.0.1").on("error", () => {});
}

/** A connection as a proxy makes it: the header goes ahead of everything else. */
function dialFor(source: string): Socket {
  const socket = dial();
  socket.write(proxyHeader({ source }));
  return socket;
}

const secure = (socket: Socket, protocol: string) => connectTls({ socket, ca: cert, ALPNProtocols: [protocol] });

async function askHttp1(socket: Socket): Promise<string> {
  const request = requestHttp("http://localhost/", { createConnection: () => socket }).end();
  const [response] = await once(request, "response");
  return Buffer.concat(await response.toArray()).toString();
}

async function askHttp2(socket: Socket): Promise<string> {
  const session = connectHttp2("http://localhost/", { createConnection: () => socket });
  try {
    return Buffer.concat(await session.request({ ":path": "/" }).toArray()).toString();
  } finally {
    session.destroy();
  }
}

test.each(["192.0.2.7", "2001:db8::7"])("the client %s is told over both versions of HTTP", async (client) => {
  await listen();
  expect(await askHttp1(dialFor(client))).toBe(client);
  expect(await askHttp2(dialFor(client))).toBe(client);
});

test.each(["192.0.2.7", "2001:db8::7"])("the client %s is told over TLS, too", async (client) => {
  await listen({ tls });
  expect(await askHttp1(secure(dialFor(client), "http/1.1"))).toBe(client);
  expect(await askHttp2(secure(dialFor(client), "h2"))).toBe(client);
});

test("clients that shake hands at the same time are not mixed up", async () => {
  await listen({ tls });
  const clients = Array.from({ length: 50 }, (_, index) => `192.0.2.${index}`);
  expect(await Promise.all(clients.map((client) => askHttp2(secure(dialFor(client), "h2"))))).toEqual(clients);
});

test("a header that comes byte by byte, or with the request, is read all the same", async () => {
  await listen();
  const request = Buffer.from("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  const bytes = Buffer.concat([proxyHeader({ source: "192.0.2.7", additions: Buffer.alloc(40) }), request]);
  const answers = [(socket: Socket) => void socket.write(bytes), writeByBytes].map(async (write) => {
    const socket = dial().setNoDelay();
    write(socket);
    return Buffer.concat(await socket.toArray()).toString();
  });
  function writeByBytes(socket: Socket, index = 0): void {
    if (index < bytes.length) socket.write(bytes.subarray(index, index + 1), () => writeByBytes(socket, index + 1));
  }
  for (const answer of await Promise.all(answers)) expect(answer).toContain("192.0.2.7");
});

test("the proxy's own connections are the proxy's", async () => {
  await listen();
  const socket = dial();
  socket.write(proxyHeader({ command: 0x20 }));
  expect(await askHttp1(socket)).toBe("127.0.0.1");
});

test("in a header of the request a proxy of this kind is not believed", async () => {
  await listen();
  const headers = { "x-forwarded-for": "198.51.100.1", forwarded: "for=198.51.100.1" };
  const request = requestHttp("http://localhost/", { headers, createConnection: () => dialFor("192.0.2.7") }).end();
  const [response] = await once(request, "response");
  expect(Buffer.concat(await response.toArray()).toString()).toBe("192.0.2.7");
});

test.each([
  ["no header", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"],
  ["version 1", "PROXY TCP4 192.0.2.7 10.0.0.1 50123 443\r\n"],
  ["a malformed header", proxyHeader({ source: "192.0.2.7", command: 0x21, family: 0x99 })],
])("%s from a trusted proxy closes the connection, and is counted", async (_, bytes) => {
  await listen();
  const socket = dial();
  socket.write(bytes);
  expect(Buffer.concat(await socket.toArray().catch(() => [])).toString()).toBe("");
  expect(await metrics.metrics()).toContain('parley_connections_refused_total{reason="proxy_header"} 1');
});

test("a header from whom nobody trusts is no request", async () => {
  await listen({ proxies: { ...byLoopback, ranges: ["10.0.0.0/8"] } });
  const socket = dialFor("192.0.2.7");
  expect(Buffer.concat(await socket.toArray()).toString()).toContain("400 Bad Request");
  expect(await askHttp1(dial())).toBe("127.0.0.1");
});

test.each(["x-forwarded-for", "forwarded"] as const)(
  "%s is believed where it is what proxies write",
  async (header) => {
    await listen({ proxies: { ranges: ["loopback"], header } });
    const value = { "x-forwarded-for": "198.51.100.1, 192.0.2.7", forwarded: 'for="198.51.100.1", for="192.0.2.7"' };
    expect(await (await fetch(port.url, { headers: { [header]: value[header] } })).text()).toBe("192.0.2.7");
    expect(await (await fetch(port.url)).text()).toBe("127.0.0.1");
    const session = connectHttp2(port.url);
    const stream = session.request({ ":path": "/", [header]: value[header].split(", ") });
    expect(Buffer.concat(await stream.toArray()).toString()).toBe("192.0.2.7");
    session.destroy();
  },
);
