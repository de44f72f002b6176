/** How a peer is measured, whatever it speaks: bare HTTP/2 on a port of its own. */
import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo, Server } from "node:net";

/** Those who listen to a peer. */
export interface Audience {
  size(): number;
  /** Sends all of them a message. */
  publish(): void;
}

const nobody: Audience = { size: () => 0, publish: () => {} };

/**
 * Serves `POST /publish/all`, which costs every peer the same, and `GET /metrics`; then says where the peer is, which
 * listens already.
 */
export async function announcePeer(url: string, audience = nobody): Promise<void> {
  const control = createServer();
  control.on("session", (session) => session.on("error", () => {}));
  control.on("stream", (stream, headers) => {
    stream.on("error", () => {});
    stream.resume();
    stream.on("end", () => {
      if (headers[":path"] === "/publish/all") audience.publish();
      stream.respond({ ":status": 200 });
      stream.end(headers[":path"] === "/metrics" ? processMetrics(audience.size()) : "");
    });
  });
  console.log(`control at ${await listenAnywhere(control)}`);
  console.log(`ready at ${url}`);
  process.once("SIGTERM", () => process.exit());
}

/** Listens on a free port; resolves with the URL. */
export async function listenAnywhere(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** CPU time and memory of this process, as a Parley server tells them, and how many listen. */
export function processMetrics(listeners: number): string {
  const { user, system } = process.cpuUsage();
  return [
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    `listeners ${listeners}`,
    "",
  ].join("\n");
}
