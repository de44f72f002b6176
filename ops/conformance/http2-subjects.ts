/** The servers that are held against RFC 9113: Parley's port, and what it stands on. All answer every request alike. */
import { once } from "node:events";
import { createSecureServer, createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { listenOnOnePort } from "#platform/rpc/port/one-port-server.ts";
import { testCertificate } from "#platform/testing/certificate.ts";

export interface Http2Subject {
  readonly port: number;
  close(): Promise<void>;
}

const tls = { cert: Buffer.from(testCertificate.cert), key: Buffer.from(testCertificate.key) };

/** Long enough for what is asked about flow control. */
const body = Buffer.from("an answer of some bytes\n".repeat(4));

/** What is said to a stream that waits for its answer must arrive before the answer ends it. */
const thinkMs = 50;

export async function openPort(isSecure: boolean): Promise<Http2Subject> {
  const server = await listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    ...(isSecure ? { tls } : {}),
    async onExchange(exchange) {
      await wait(thinkMs);
      exchange.answer(200, { "content-type": "text/plain" }, body);
    },
  });
  return { port: Number(new URL(server.url).port), close: () => server.close() };
}

export async function openBareHttp2(isSecure: boolean): Promise<Http2Subject> {
  const sessions = new Set<ServerHttp2Session>();
  const server = isSecure ? createSecureServer(tls) : createServer();
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.on("error", () => {});
  });
  server.on("stream", async (stream) => {
    stream.on("error", () => {});
    await wait(thinkMs);
    if (stream.closed || stream.destroyed) return;
    stream.respond({ ":status": 200, "content-type": "text/plain" });
    stream.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}
