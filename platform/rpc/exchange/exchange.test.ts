import { request } from "node:http";
import { connect } from "node:http2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import { listenOnOnePort, type OnePortServer } from "../port/one-port-server.ts";
import { type Exchange, headerOf, pathOf } from "./exchange.ts";

let port: OnePortServer;
const exchanges: Exchange[] = [];
const leave: (() => void)[] = [];
beforeEach(async () => {
  const onExchange = (exchange: Exchange) => void exchanges.push(exchange);
  port = await listenOnOnePort({ host: "127.0.0.1", port: 0, onExchange });
});
afterEach(async () => {
  for (const close of leave.splice(0)) close();
  exchanges.splice(0);
  await port.close();
});

const clients = { "1.1": askByHttp1, "2": askByHttp2 };
const versions = ["1.1", "2"] as const;

/** Makes a request; what it leaves behind is how its client goes away. */
function askByHttp1(): void {
  const client = request(`${port.url}/some/path?query`, { headers: { "x-name": ["one", "two"] } });
  client.on("error", () => {});
  client.on("response", (answer) => answer.on("error", () => {}).resume());
  client.end();
  leave.push(() => client.destroy());
}

function askByHttp2(): void {
  const session = connect(port.url);
  const stream = session.request({ ":path": "/some/path?query", "x-name": ["one", "two"] });
  stream.on("error", () => {});
  stream.resume();
  leave.push(() => session.destroy());
}

async function begin(version: (typeof versions)[number]): Promise<Exchange> {
  clients[version]();
  await until(() => (exchanges.length > 0 ? "" : "no request"));
  const [exchange] = exchanges;
  if (!exchange) throw new Error("no request");
  return exchange;
}

test.each(versions)("HTTP/%s: a request says what it is", async (version) => {
  const exchange = await begin(version);
  expect([exchange.method, exchange.url, pathOf(exchange)]).toEqual(["GET", "/some/path?query", "/some/path"]);
  expect([exchange.isSecure, exchange.isOpen, exchange.clientAddress]).toEqual([false, true, "127.0.0.1"]);
  expect(headerOf(exchange, "x-name")).toBe("one, two");
});

test.each(versions)(
  "HTTP/%s: once the client is gone, what it is told is dropped, and who asks hears at once",
  async (version) => {
    const exchange = await begin(version);
    let times = 0;
    exchange.onOver(() => times++);
    for (const close of leave) close();
    await until(() => (times > 0 ? "" : "not over"));
    exchange.respond(200, {});
    expect(exchange.write(Buffer.from("dropped"))).toBe(true);
    exchange.end(Buffer.from("dropped"), { "x-name": "value" });
    exchange.answer(200, {}, Buffer.from("dropped"));
    exchange.destroy();
    exchange.onOver(() => times++);
    expect([times, exchange.isOpen]).toEqual([2, false]);
  },
);

test.each(versions)("HTTP/%s: an answer is told once", async (version) => {
  const exchange = await begin(version);
  const over = new Promise<void>((resolve) => exchange.onOver(resolve));
  exchange.answer(200, {}, Buffer.from("first"));
  exchange.answer(500, {}, Buffer.from("second"));
  exchange.respond(500, {});
  exchange.end(Buffer.from("second"));
  await over;
  expect(exchange.isOpen).toBe(false);
});

test.each(versions)("HTTP/%s: who writes more than the client takes hears when it has caught up", async (version) => {
  const exchange = await begin(version);
  exchange.respond(200, {});
  expect(exchange.write(Buffer.alloc(16 * 1024 * 1024))).toBe(false);
  expect(exchange.unsentBytes).toBeGreaterThan(0);
  await new Promise<void>((resolve) => exchange.onDrain(resolve));
  exchange.end();
});
