/**
 * What HTTP/2 in Node costs without a product: a process that echoes, and that writes one buffer to many streams.
 *
 * POST /echo answers the body, with trailers where the caller speaks gRPC. POST /listen/<group> keeps the stream open.
 * POST /publish/<group> writes its body to the streams of the group, then answers. GET /metrics tells CPU time and
 * memory, as a Parley server does.
 */
import { createServer, type ServerHttp2Stream } from "node:http2";
import { listenAnywhere, processMetrics } from "../peers/control.ts";

let listening = 0;
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
    const body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
    if (verb === "publish") for (const listener of groups.get(group) ?? []) listener.write(body);
    if (headers["content-type"]?.startsWith("application/grpc")) return answerAsGrpc(stream, body);
    stream.respond({ ":status": 200 });
    stream.end(verb === "metrics" ? processMetrics(listening) : body);
  });
});
console.log(`ready at ${await listenAnywhere(server)}`);
process.once("SIGTERM", () => process.exit());

function listen(stream: ServerHttp2Stream, group: string): void {
  const listeners = groups.get(group) ?? new Set();
  groups.set(group, listeners.add(stream));
  listening++;
  stream.once("close", () => {
    listening--;
    listeners.delete(stream);
  });
  stream.resume();
  stream.respond({ ":status": 200 });
}

function answerAsGrpc(stream: ServerHttp2Stream, body: Buffer): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc+proto" }, { waitForTrailers: true });
  stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(body);
}
