import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { request as requestHttps } from "node:https";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { testCertificate } from "#platform/testing/certificate.ts";
import { until } from "#platform/testing/until.ts";
import { listenOnOnePort, type OnePortOptions, type OnePortServer } from "./one-port-server.ts";
import { portLimits } from "./port-limits.ts";

/** Short, so that the test is; the proportions are those of the defaults. */
const limitMs = 1_000;
const limits = { ...portLimits, headersMs: limitMs, requestMs: limitMs, idleMs: 30 * limitMs };

let port: OnePortServer;
afterEach(() => port.close());

async function listen(options: Partial<OnePortOptions> = {}): Promise<void> {
  port = await listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    limits,
    onExchange: (exchange) => exchange.answer(200, {}, Buffer.from("served")),
    ...options,
  });
}

async function open(beginning: string): Promise<Socket> {
  const socket = connect(Number(new URL(port.url).port), "127.0.0.1").resume();
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(beginning, "latin1");
  return socket;
}

const get = async () => await (await fetch(port.url)).text();

async function getHttp2(headers: Record<string, string> = {}, ca?: string): Promise<string> {
  const session = connectHttp2(port.url, ca ? { ca } : {});
  try {
    await once(session, "localSettings");
    const stream = session.request({ ":path": "/", ...headers }).setEncoding("utf8");
    let body = "";
    for await (const chunk of stream) body += chunk;
    return body;
  } finally {
    session.destroy();
  }
}

test("both versions of HTTP are served on one port", async () => {
  await listen();
  expect([await get(), await getHttp2()]).toEqual(["served", "served"]);
});

test("a first byte that comes alone does not mislead", async () => {
  await listen();
  const socket = await open("P");
  await until(() => (port ? "" : "no port"));
  socket.write("OST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  let answer = "";
  socket.on("data", (chunk) => (answer += String(chunk)));
  await once(socket, "close");
  expect(answer).toContain("served");
});

test("with a certificate the same port speaks TLS, by ALPN", async () => {
  const { cert, key } = testCertificate;
  await listen({ tls: { cert: Buffer.from(cert), key: Buffer.from(key) } });
  expect(await getHttp2({}, cert)).toBe("served");
  const response = await new Promise<string>((resolve, reject) => {
    const request = requestHttps(port.url, { ca: cert }, async (answer) => {
      resolve(Buffer.concat(await answer.toArray()).toString());
    });
    request.on("error", reject).end();
  });
  expect(response).toBe("served");
});

const http2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
test.each([
  ["nothing", ""],
  ["half a preface", "PRI * HTTP/2.0\r\n"],
  ["half the headers", "GET / HTTP/1.1\r\nhost: x\r\nx-slow:"],
  ["a preface and no stream", http2Preface],
])("a thousand connections that send %s are closed in time while others are served", async (_, beginning) => {
  await listen();
  const opened = await Promise.all(Array.from({ length: 1000 }, () => open(beginning)));
  expect(await get()).toBe("served");
  expect(await getHttp2()).toBe("served");
  await until(() => {
    const left = opened.filter((socket) => !socket.closed).length;
    return left === 0 ? "" : `${left} of ${opened.length} are still open`;
  }, limitMs * 8);
  expect(await get()).toBe("served");
});

test("headers that are too large are refused by both versions", async () => {
  await listen();
  const large = "x".repeat(2 * limits.headerBytes);
  expect((await fetch(port.url, { headers: { large } })).status).toBe(431);
  await expect(getHttp2({ large })).rejects.toThrow();
  expect(await get()).toBe("served");
});

test("one connection can't have more streams open than allowed", async () => {
  let running = 0;
  await listen({ onExchange: () => void running++ });
  const session = connectHttp2(port.url);
  await once(session, "remoteSettings");
  expect(session.remoteSettings.maxConcurrentStreams).toBe(limits.streams);
  for (let count = 0; count < limits.streams + 50; count++) session.request({ ":path": "/" }).on("error", () => {});
  await until(() => (running === limits.streams ? "" : `${running} run`));
  session.destroy();
});

test("refusing lets go of idle connections, tells others to finish, and answers what runs", async () => {
  const answers: (() => void)[] = [];
  await listen({ onExchange: (exchange) => void answers.push(() => exchange.answer(200, {}, Buffer.from("served"))) });
  const session = connectHttp2(port.url);
  const goaway = once(session, "goaway");
  const calls = [fetch(port.url), getHttp2()];
  session.request({ ":path": "/" }).resume();
  await until(() => (answers.length === 3 ? "" : `${answers.length} calls run`));
  port.refuse();
  await goaway;
  await expect(open("")).rejects.toThrow();
  for (const answer of answers) answer();
  const [http1, http2] = await Promise.all(calls);
  expect(http1 instanceof Response && (await http1.text())).toBe("served");
  expect(http2).toBe("served");
  await once(session, "close");
});

test.each([false, true])(
  "who says only then which protocol it speaks is told to finish, too (TLS: %s)",
  async (secure) => {
    const { cert, key } = testCertificate;
    const tls = { cert: Buffer.from(cert), key: Buffer.from(key) };
    await listen({ limits: { ...portLimits, headersMs: 60_000 }, ...(secure ? { tls } : {}) });
    const socket = await open("");
    await new Promise((resolve) => fetch(port.url).then(resolve, resolve));
    port.refuse();
    const session = connectHttp2(port.url, secure ? { ca: cert, socket } : { createConnection: () => socket });
    session.on("error", () => {});
    const [code] = await once(session, "goaway");
    expect(code).toBe(0);
    await once(session, "close");
  },
);

test("closing twice is harmless", async () => {
  await listen();
  await Promise.all([port.close(), port.close()]);
});
