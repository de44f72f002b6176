import { Code, type ConnectError } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import type { Exchange } from "#platform/rpc/exchange/exchange.ts";
import { attributes } from "./attributes.ts";
import type { Span, SpanAttributes, Tracing } from "./tracing.ts";

/** The span of a call that came by the port, a part of what its caller says it is part of. */
export function beginServerSpan(
  tracing: Tracing,
  method: string,
  protocol: string,
  { headers }: Pick<Exchange, "headers">,
): Span {
  const span = tracing.begin(method, { kind: "server", caller: headers });
  if (span.isRecorded) span.set(rpcAttributes(method, protocol));
  return span;
}

/** `method`: such as "parley.chat.v1.ChatService/SendMessage". */
export function rpcAttributes(method: string, protocol: string): SpanAttributes {
  const isGrpc = protocol.startsWith("grpc");
  return { [attributes.rpcMethod]: method, [attributes.rpcSystem]: isGrpc ? "grpc" : "connectrpc" };
}

/** Of all failures, those that the conventions have servers call errors; the others are the caller's. */
const faultsOfServer: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);

export function endServerSpan(span: Span, failure: ConnectError | undefined): void {
  const status = statusOf(failure);
  if (span.isRecorded) span.set({ [attributes.rpcStatus]: status });
  span.end(failure && faultsOfServer.has(failure.code) ? status : undefined);
}

/** The caller's side of a call is in error whatever the failure. */
export function endClientSpan(span: Span, failure: ConnectError | undefined): void {
  const status = statusOf(failure);
  if (span.isRecorded) span.set({ [attributes.rpcStatus]: status });
  span.end(failure ? status : undefined);
}

/** By the names of gRPC, whichever protocol it was. */
export function statusOf(failure: ConnectError | undefined): string {
  return failure ? codeToString(failure.code).toUpperCase() : "OK";
}
