import { base64Decode } from "@bufbuild/protobuf/wire";
import { createAsyncIterable, type UniversalServerResponse } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import { platformErrors } from "./errors.ts";
import type { NodeRequest } from "./node-request.ts";

/**
 * The answer to a unary GET whose message is said to be base64 and is not, else undefined. The framework would take it
 * for a defect of the server.
 */
export function unreadableQuery({ method, url = "" }: NodeRequest): UniversalServerResponse | undefined {
  if (method !== "GET" || !url.includes("base64=1")) return undefined;
  const query = new URLSearchParams(url.slice(url.indexOf("?") + 1));
  if (query.get("base64") !== "1" || isBase64(query.get("message") ?? "")) return undefined;
  const error = platformErrors.INVALID_ARGUMENT({ message: "message is not base64" });
  const header = new Headers({ "content-type": "application/json", "cache-control": "private, no-store" });
  const body = createAsyncIterable([errorToJsonBytes(error, undefined)]);
  return { status: codeToHttpStatus(error.code), header, body };
}

function isBase64(text: string): boolean {
  try {
    base64Decode(text);
    return true;
  } catch {
    return false;
  }
}
