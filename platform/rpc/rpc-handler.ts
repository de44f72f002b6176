import { constants, type ServerHttp2Stream } from "node:http2";
import {
  type ConnectError,
  createConnectRouter,
  createContextValues,
  type HandlerContext,
  type Interceptor,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import type { Logger } from "pino";
import type { Admit } from "./admission.ts";
import { type BoundBody, createBodyBounds } from "./body-bounds.ts";
import { platformErrors } from "./errors.ts";
import { clientAddressKey } from "./identity.ts";
import type { PolicyOf } from "./method-policy.ts";
import type { NodeRequest, NodeResponse } from "./node-request.ts";
import type { RpcMetrics } from "./rpc-metrics.ts";
import type { Served } from "./served.ts";
import { typedFailure } from "./typed-failure.ts";
import { typeResponse } from "./typed-responses.ts";
import { unknownMethod } from "./unknown-method.ts";
import { unreadableQuery } from "./unreadable-query.ts";

/** Largest message that the server reads, after decompression. */
export const maxReadBytes = 1024 * 1024;
/** Longest deadline that a caller may set. */
export const maxTimeoutMs = 24 * 60 * 60 * 1000;

export interface RpcHandlerOptions {
  readonly served: Served;
  /** Asked before the body of a call is read. */
  readonly admit: Admit;
  readonly policyOf: PolicyOf;
  readonly interceptors: readonly Interceptor[];
  readonly metrics: RpcMetrics;
  readonly logger: Logger;
  /** Aborts the calls that still run. */
  readonly signal: AbortSignal;
}

/** Answers gRPC, gRPC-Web and Connect calls. */
export interface RpcHandler {
  /** False where the request is not a call. */
  handle(path: string, request: NodeRequest, response: NodeResponse): boolean;
  /** Answers every later call with STOPPING. */
  refuse(): void;
  /** Resolves once no call runs. */
  idle(): Promise<void>;
}

export function createRpcHandler(options: RpcHandlerOptions): RpcHandler {
  let refusing = false;
  const running = new Set<NodeResponse>();
  const waiting: (() => void)[] = [];
  const boundBody = createBodyBounds(options.policyOf);
  const handlers = createHandlers(options, async (context) => {
    if (refusing) throw platformErrors.STOPPING();
    await admitOrTell(options, context);
  });
  const respond = (handler: UniversalHandler, request: NodeRequest, response: NodeResponse) => {
    running.add(response);
    if ("stream" in response) leaveRest(response.stream);
    response.once("close", () => {
      running.delete(response);
      if (running.size === 0) for (const resolve of waiting.splice(0)) resolve();
    });
    answer(handler, request, response, { ...options, boundBody }).catch((error: unknown) => {
      options.logger.debug({ err: error, method: handler.requestPath }, "answer did not reach its caller");
      response.destroy();
    });
  };
  return {
    handle(path, request, response) {
      const handler = handlers.get(path);
      const refusal = handler ? unreadableQuery(request) : unknownMethod(path, request);
      if (handler && !refusal) respond(handler, request, response);
      if (refusal) void universalResponseToNodeResponse(refusal, response).catch(() => response.destroy());
      return handler !== undefined || refusal !== undefined;
    },
    refuse() {
      refusing = true;
    },
    idle: () => new Promise((resolve) => (running.size === 0 ? resolve() : waiting.push(resolve))),
  };
}

/** Admits a call; one that is refused is counted here, as it comes to no interceptor. */
async function admitOrTell({ admit, metrics, logger }: RpcHandlerOptions, context: HandlerContext): Promise<void> {
  const method = `${context.service.typeName}/${context.method.name}`;
  try {
    await admit(context);
  } catch (error) {
    const typed = typedFailure(error, (err, id) => logger.error({ method, id, err }, "call failed by a defect"));
    metrics.count(method, codeToString(typed.code));
    logger.debug({ method, status: codeToString(typed.code) }, "call refused");
    throw typed;
  }
}

function createHandlers({ served, interceptors, signal }: RpcHandlerOptions, requestGate: Admit) {
  const router = createConnectRouter({
    requestGate,
    interceptors: [...interceptors],
    readMaxBytes: maxReadBytes,
    maxTimeoutMs,
    acceptCompression: [compressionGzip, compressionBrotli],
    jsonOptions: { ignoreUnknownFields: true, ...strictUtf8 },
    binaryOptions: { readUnknownFields: false },
    shutdownSignal: signal,
  });
  served.route(router);
  return new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
}

/** Time for the trailers of an answer to be on their way. */
const trailersMs = 200;

/** Once a call is answered, what its caller still sends is not waited for. HTTP/1.1 sees to that by itself. */
function leaveRest(stream: ServerHttp2Stream): void {
  stream.once("finish", () => {
    if (stream.readableEnded) return;
    setTimeout(() => {
      if (!stream.closed) stream.close(constants.NGHTTP2_NO_ERROR);
    }, trailersMs).unref();
  });
}

/** JSON that is not UTF-8 is refused; the default decoder would replace what it can't read. */
const strictUtf8 = { textDecoder: new TextDecoder("utf-8", { fatal: true }) };

async function answer(
  handler: UniversalHandler,
  request: NodeRequest,
  response: NodeResponse,
  { metrics, logger, boundBody }: RpcHandlerOptions & { boundBody: BoundBody },
): Promise<void> {
  const values = createContextValues().set(clientAddressKey, request.socket.remoteAddress ?? "");
  const call = universalRequestFromNodeRequest(request, response, undefined, values);
  const universal = await handler({ ...call, body: boundBody(handler.method, call.body, values) });
  const method = `${handler.service.typeName}/${handler.method.name}`;
  const typeFailure = (error: ConnectError) => {
    const typed = typedFailure(error, (err, id) => logger.error({ method, id, err }, "call failed by a defect"));
    metrics.count(method, codeToString(typed.code));
    return typed;
  };
  await universalResponseToNodeResponse(await typeResponse(withCaching(universal, request), typeFailure), response);
}

/** What a GET answers is the caller's alone. */
function withCaching(response: UniversalServerResponse, request: NodeRequest): UniversalServerResponse {
  if (request.method === "GET") response.header?.set("cache-control", "private, no-store");
  return response;
}
