import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import { listenOnOnePort, type OnePortServer } from "./one-port-server.ts";
import { portLimits } from "./port-limits.ts";

let port: OnePortServer;
afterEach(() => port.close());

const ask = {
  "HTTP/1.1"(url: string) {
    const socket = connect(Number(new URL(url).port), "127.0.0.1").pause();
    socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    return () => socket.destroy();
  },
  "HTTP/2"(url: string) {
    const session = connectHttp2(url).on("error", () => {});
    const stream = session.request({ ":path": "/" }).on("error", () => {});
    stream.pause();
    return () => session.destroy();
  },
};

test.each(["HTTP/1.1", "HTTP/2"] as const)("over %s a client that never reads is let go of", async (version) => {
  let isLeft = false;
  port = await listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    limits: { ...portLimits, idleMs: 500 },
    onExchange(exchange) {
      exchange.onOver(() => {
        isLeft = true;
      });
      // More than the buffers between the two hold.
      exchange.answer(200, {}, Buffer.alloc(64 * 1024 * 1024));
    },
  });
  const leave = ask[version](port.url);
  await expect.poll(() => isLeft, { timeout: 5000 }).toBe(true);
  leave();
});
