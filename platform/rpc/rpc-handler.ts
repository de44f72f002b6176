import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { createConnectRouter, type Interceptor } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { Served } from "./served.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** Largest message that the server reads, after decompression. */
export const maxReadBytes = 1024 * 1024;

export interface RpcHandlerOptions {
  readonly served: Served;
  readonly interceptors: readonly Interceptor[];
  /** Aborts the calls that still run. */
  readonly signal: AbortSignal;
}

/** Answers gRPC, gRPC-Web and Connect calls; false where the path is not one of a method. */
export type RpcHandler = (path: string, request: NodeRequest, response: NodeResponse) => boolean;

export function createRpcHandler({ served, interceptors, signal }: RpcHandlerOptions): RpcHandler {
  const router = createConnectRouter({
    interceptors: [...interceptors],
    readMaxBytes: maxReadBytes,
    acceptCompression: [compressionGzip, compressionBrotli],
    jsonOptions: { ignoreUnknownFields: true },
    binaryOptions: { readUnknownFields: false },
    shutdownSignal: signal,
  });
  served.route(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (path, request, response) => {
    const handler = handlers.get(path);
    if (handler) void answer(handler, request, response);
    return handler !== undefined;
  };
}

async function answer(handler: UniversalHandler, request: NodeRequest, response: NodeResponse): Promise<void> {
  const universal = await handler(universalRequestFromNodeRequest(request, response, undefined, undefined));
  if (request.method === "GET") universal.header?.set("cache-control", "private, no-store");
  await universalResponseToNodeResponse(universal, response);
}
