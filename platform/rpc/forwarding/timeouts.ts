import type { CallContext } from "../calls/call-context.ts";

/**
 * What is left of the caller's deadline, in the header of its protocol (connectrpc.com/docs/protocol#unary-request;
 * "Timeout" in the gRPC specification). Both count milliseconds in at most eight digits here: a day at most.
 */
export function timeoutHeader({ timeoutMs, protocolName }: CallContext): Record<string, string> {
  const left = timeoutMs();
  if (left === undefined) return {};
  const ms = Math.max(1, Math.ceil(left));
  return protocolName === "connect" ? { "connect-timeout-ms": `${ms}` } : { "grpc-timeout": `${ms}m` };
}
