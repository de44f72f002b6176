import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { testCertificate } from "#platform/testing/certificate.ts";
import { until } from "#platform/testing/until.ts";
import type { Exchange } from "../exchange/exchange.ts";
import { listenOnOnePort, type OnePortServer } from "./one-port-server.ts";
import { maxPipelined } from "./port-limits.ts";

let port: OnePortServer;
let client: Socket;
afterEach(async () => {
  client.destroy();
  await port.close();
});

const { cert, key } = testCertificate;

/** What runs, what is over, and what was upgraded. */
interface Seen {
  readonly running: Exchange[];
  begun: number;
  over: number;
  upgrades: number;
}

async function listen(secure = false): Promise<Seen> {
  const seen: Seen = { running: [], begun: 0, over: 0, upgrades: 0 };
  port = await listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    ...(secure ? { tls: { cert: Buffer.from(cert), key: Buffer.from(key) } } : {}),
    onExchange(exchange) {
      seen.begun++;
      seen.running.push(exchange);
      exchange.onOver(() => seen.over++);
    },
    onUpgrade(_, socket) {
      seen.upgrades++;
      socket.destroy();
    },
  });
  const to = { port: Number(new URL(port.url).port), host: "127.0.0.1" };
  client = secure ? connectTls({ ...to, ca: cert, servername: "localhost" }) : connect(to);
  client.on("error", () => {});
  return seen;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
const upgrade = "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

test.each([false, true])("requests that come together are answered one by one (TLS: %s)", async (secure) => {
  const seen = await listen(secure);
  const paths = Array.from({ length: maxPipelined }, (_, index) => `/${index}`);
  client.write(paths.map(get).join(""));
  let heard = "";
  client.on("data", (chunk) => (heard += chunk));
  for (const path of paths) {
    await until(() => (seen.running.length > 0 ? "" : `nobody asks for ${path}`));
    const [exchange, ...others] = seen.running.splice(0);
    expect([exchange?.url, others]).toEqual([path, []]);
    exchange?.answer(200, {}, Buffer.from(`served ${path}\n`));
  }
  await until(() => (seen.over === maxPipelined ? "" : `${seen.over} are over`));
  expect(heard.match(/served .*/g)).toEqual(paths.map((path) => `served ${path}`));
});

test("of too many the connection is cut", async () => {
  const seen = await listen();
  client.resume().write(get("/").repeat(maxPipelined + 2));
  await until(() => (client.closed && seen.over === 1 ? "" : "it is still open"));
  expect(seen.begun).toBe(1);
});

test("whose client is gone are not begun", async () => {
  const seen = await listen();
  client.write(get("/first") + get("/second"));
  await until(() => (seen.begun === 1 ? "" : "it is not begun"));
  client.destroy();
  await until(() => (seen.over === 1 ? "" : "it is still open"));
  expect(seen.begun).toBe(1);
});

test("those that come before a WebSocket are answered before it opens", async () => {
  const seen = await listen();
  client.resume().write(get("/first") + upgrade);
  await until(() => (seen.begun === 1 ? "" : "it is not begun"));
  seen.running[0]?.answer(200, {});
  await until(() => (seen.begun === 2 ? "" : "the second is not asked"));
  expect(seen.upgrades).toBe(0);
  seen.running[1]?.answer(200, {});
  await until(() => (seen.over === 2 ? "" : "they are still open"));
  client.write(upgrade);
  await until(() => (seen.upgrades === 1 ? "" : "it is not opened"));
});
