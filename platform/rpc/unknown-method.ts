import { createAsyncIterable, type UniversalServerResponse } from "@connectrpc/connect/protocol";
import { errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { platformErrors } from "./errors.ts";
import type { NodeRequest } from "./node-request.ts";

const rpcTypes = /^application\/(grpc|connect\+|proto\b|json\b)/;

/** The answer to a call of a method that does not exist, or undefined where the request is not a call at all. */
export function unknownMethod(path: string, request: NodeRequest): UniversalServerResponse | undefined {
  const type = String(request.headers["content-type"] ?? "");
  if (request.method !== "POST" || !rpcTypes.test(type) || !/^\/[\w.]+\/\w+$/.test(path)) return undefined;
  const error = platformErrors.UNKNOWN_METHOD({ message: path.slice(1) });
  if (type.startsWith("application/grpc")) {
    return { status: 200, header: setTrailerStatus(new Headers({ "content-type": type }), error) };
  }
  const header = new Headers({ "content-type": "application/json" });
  return { status: 404, header, body: createAsyncIterable([errorToJsonBytes(error, undefined)]) };
}
