import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { testCertificate } from "#platform/testing/certificate.ts";
import { until } from "#platform/testing/until.ts";
import { listenOnOnePort, type OnePortOptions, type OnePortServer } from "./one-port-server.ts";
import { portLimits } from "./port-limits.ts";

const limits = { ...portLimits, headersMs: 300, requestMs: 600, idleMs: 600 };
const { cert, key } = testCertificate;
const tls = { cert: Buffer.from(cert), key: Buffer.from(key) };

let port: OnePortServer;
let sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await port.close();
});

async function listen(options: Partial<OnePortOptions> = {}): Promise<void> {
  port = await listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    limits,
    onExchange(exchange) {
      exchange.body.on("error", () => {}).resume();
      exchange.body.once("end", () => exchange.answer(200, {}, Buffer.from("served")));
    },
    ...options,
  });
}

interface Client {
  readonly socket: Socket;
  readonly heard: string;
}

async function open(secure = false): Promise<Client> {
  const to = { port: Number(new URL(port.url).port), host: "127.0.0.1" };
  const socket = secure ? connectTls({ ...to, ca: cert, servername: "localhost" }) : connect(to);
  sockets.push(socket);
  let heard = "";
  socket.on("error", () => {}).on("data", (chunk) => (heard += chunk.toString()));
  await once(socket, secure ? "secureConnect" : "connect");
  return {
    socket,
    get heard() {
      return heard;
    },
  };
}

/** Goes on with `text`, a byte at a time and from its beginning again, until it is cut. */
async function dribble({ socket }: Client, text: string): Promise<void> {
  let next = 0;
  await until(() => {
    if (!socket.closed && socket.writable) socket.write(text.charAt(next++ % text.length));
    return socket.closed || socket.readableEnded ? "" : "it is not cut";
  });
}

const request = "GET / HTTP/1.1\r\nhost: x\r\n";

test.each([false, true])("headers that come byte by byte are waited for so long only (TLS: %s)", async (secure) => {
  await listen(secure ? { tls } : {});
  const slow = await open(secure);
  slow.socket.write(request);
  await dribble(slow, "x-slow: very\r\n");
  expect(slow.heard).toContain("408");
});

test("so are those of a later request of a connection", async () => {
  await listen();
  const slow = await open();
  slow.socket.write(`${request}\r\n`);
  await until(() => (slow.heard.includes("served") ? "" : "it is not served"));
  slow.socket.write(request);
  await dribble(slow, "x-slow: very\r\n");
  expect(slow.heard).toContain("408");
});

test("so is a body", async () => {
  await listen();
  const slow = await open();
  slow.socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n");
  await dribble(slow, "x");
});

test("a connection without a call is let go of", async () => {
  await listen();
  const idle = await open();
  idle.socket.write(`${request}\r\n`);
  await until(() => (idle.heard.includes("served") ? "" : "it is not served"));
  await until(() => (idle.socket.closed ? "" : "it is still open"));
});

test("who begins no TLS handshake is cut", async () => {
  await listen({ tls });
  const silent = connect(Number(new URL(port.url).port), "127.0.0.1").on("error", () => {});
  sockets.push(silent.resume());
  await until(() => (silent.closed ? "" : "it is still open"));
});
