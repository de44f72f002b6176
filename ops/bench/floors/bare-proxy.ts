/** What it costs Node to pass HTTP/2 requests on, without a product: to the URL that is given, and back. */
import { connect, createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { listenAnywhere, processMetrics } from "../peers/control.ts";

const upstream = connect(process.argv[2] ?? "", { maxSessionMemory: 64 });
const server = createServer({ maxSessionMemory: 64 });
server.on("session", (session) => session.on("error", () => {}));
server.on("stream", (stream, headers) => {
  stream.on("error", () => {});
  if (headers[":path"] === "/metrics") {
    stream.respond({ ":status": 200 });
    stream.end(processMetrics(0));
    return;
  }
  const { ":authority": _, ":scheme": __, te: ___, ...head } = headers;
  const call = upstream.request(head as OutgoingHttpHeaders);
  call.on("response", (answer: IncomingHttpHeaders) => {
    const hasTrailers = answer["content-type"]?.startsWith("application/grpc") ?? false;
    stream.respond(answer as OutgoingHttpHeaders, { waitForTrailers: hasTrailers });
  });
  call.on("trailers", (trailers) => stream.once("wantTrailers", () => stream.sendTrailers(trailers)));
  stream.pipe(call).pipe(stream);
});
console.log(`ready at ${await listenAnywhere(server)}`);
process.once("SIGTERM", () => process.exit());
