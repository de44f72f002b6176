/**
 * The program that the runner starts as a client: it reads calls, makes them through a transport of the SDK, and writes
 * what came of them. Its argument names the transport.
 */
import { setDefaultCACertificates } from "node:tls";
import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import {
  type ClientCompatRequest,
  ClientCompatRequestSchema,
  type ClientCompatResponse,
  ClientCompatResponseSchema,
} from "#gen/connectrpc/conformance/v1/client_compat_pb.js";
import { ConformanceService } from "#gen/connectrpc/conformance/v1/service_pb.js";
import { connectByHttp2 } from "../../clients/sdk/node/transport-http2.ts";
import { type Connect, connectByFetch } from "../../clients/sdk/transport.ts";
import { callAsTold } from "./client-calls.ts";
import { readDelimited, writeDelimited } from "./delimited.ts";

const connects = new Map([
  ["http2", connectByHttp2],
  ["fetch", connectByFetch],
]);
const connect = connects.get(process.argv[2] ?? "");
if (!connect) throw new Error(`the argument is one of ${[...connects.keys()].join(", ")}`);

for await (const request of readDelimited(ClientCompatRequestSchema, process.stdin)) {
  const response = await resultOf(connect, request);
  process.stdout.write(writeDelimited(ClientCompatResponseSchema, response));
}

async function resultOf(connect: Connect, request: ClientCompatRequest): Promise<ClientCompatResponse> {
  const { testName, host, port, serverTlsCert } = request;
  if (serverTlsCert.length > 0) setDefaultCACertificates([Buffer.from(serverTlsCert).toString()]);
  const connection = connect(`${serverTlsCert.length > 0 ? "https" : "http"}://${host}:${port}`, []);
  try {
    const client = createClient(ConformanceService, connection.transport);
    const response = await callAsTold(client, request);
    return create(ClientCompatResponseSchema, { testName, result: { case: "response", value: response } });
  } catch (error) {
    const message = error instanceof Error ? String(error.stack) : String(error);
    return create(ClientCompatResponseSchema, { testName, result: { case: "error", value: { message } } });
  } finally {
    connection.close();
  }
}
