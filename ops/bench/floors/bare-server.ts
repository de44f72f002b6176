/**
 * What HTTP/2 in Node costs without a product: a process that echoes, and that writes one buffer to many streams.
 *
 * POST /echo answers the body. POST /listen/<group> keeps the stream open. POST /publish/<group> writes its body to the
 * streams of the group, then answers. GET /metrics tells CPU time and memory, as a Parley server does.
 */
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";

const groups = new Map<string, Set<ServerHttp2Stream>>();

const server = createServer({ maxSessionMemory: 64 });
server.on("session", (session) => session.on("error", () => {}));
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  const [, verb, group = ""] = (headers[":path"] ?? "").split("/");
  if (verb === "listen") return listen(stream, group);
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  stream.on("end", () => {
    const body = Buffer.concat(chunks);
    if (verb === "publish") for (const listener of groups.get(group) ?? []) listener.write(body);
    stream.respond({ ":status": 200 });
    stream.end(verb === "metrics" ? metrics() : body);
  });
});
server.listen(0, "127.0.0.1", () => console.log(`ready at http://127.0.0.1:${(server.address() as AddressInfo).port}`));
process.once("SIGTERM", () => process.exit());

function listen(stream: ServerHttp2Stream, group: string): void {
  const listeners = groups.get(group) ?? new Set();
  groups.set(group, listeners.add(stream));
  stream.once("close", () => listeners.delete(stream));
  stream.resume();
  stream.respond({ ":status": 200 });
}

function metrics(): string {
  const { user, system } = process.cpuUsage();
  return [
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    "",
  ].join("\n");
}
