/** The program that the runner starts for each kind of server: it reads what to serve, and writes where it does. */
import { create } from "@bufbuild/protobuf";
import {
  type ServerCompatRequest,
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "#gen/connectrpc/conformance/v1/server_compat_pb.js";
import { ConformanceService } from "#gen/connectrpc/conformance/v1/service_pb.js";
import { createServed } from "#platform/rpc/served.ts";
import { conformanceService } from "./conformance-service.ts";
import { readDelimited, writeDelimited } from "./delimited.ts";
import { listenWith } from "./served-port.ts";

process.once("SIGTERM", () => process.exit());

for await (const request of readDelimited(ServerCompatRequestSchema, process.stdin)) {
  const response = create(ServerCompatResponseSchema, await serve(request));
  process.stdout.write(writeDelimited(ServerCompatResponseSchema, response));
}

async function serve({ useTls, serverCreds, messageReceiveLimit }: ServerCompatRequest) {
  const served = createServed();
  served.add(ConformanceService, conformanceService);
  const tls =
    useTls && serverCreds ? { cert: Buffer.from(serverCreds.cert), key: Buffer.from(serverCreds.key) } : undefined;
  const server = await listenWith({
    served,
    ...(tls ? { tls } : {}),
    ...(messageReceiveLimit > 0 ? { maxMessageBytes: messageReceiveLimit } : {}),
  });
  const { hostname, port } = new URL(server.url);
  return { host: hostname, port: Number(port), ...(tls ? { pemCert: tls.cert } : {}) };
}
