/** The seam between the suites and the project: Parley's port and rpc stack, with none of its services or policies. */
import { createRegistry } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";
import { createCalls } from "#platform/rpc/calls/calls.ts";
import { maxReadBytes } from "#platform/rpc/edge.ts";
import { listenOnOnePort, type OnePortServer } from "#platform/rpc/port/one-port-server.ts";
import type { Served } from "#platform/rpc/served.ts";
import { refuseUnknownMethod } from "#platform/rpc/unknown-method.ts";

export interface ServedPortOptions {
  readonly served: Served;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer };
  /** Largest message that is read, after decompression. */
  readonly maxMessageBytes?: number;
}

/** Serves on a free port of 127.0.0.1. Anybody may call; failures lack the detail that Parley gives to each of its own. */
export function listenWith({ served, tls, maxMessageBytes = maxReadBytes }: ServedPortOptions): Promise<OnePortServer> {
  const calls = createCalls({
    served,
    admit: async () => {},
    interceptors: () => [],
    check() {},
    maxMessageBytes: () => maxMessageBytes,
    registry: createRegistry(...served.services.map(({ file }) => file)),
    typeFailure: withoutOwnDetail,
    observer: { opened() {}, ended() {} },
  });
  return listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    ...(tls ? { tls } : {}),
    onExchange(exchange) {
      if (calls.handle(exchange) || refuseUnknownMethod(exchange, unknownMethod)) return;
      exchange.answer(404, {});
    },
  });
}

/** The suites compare details with those that they asked for. */
function withoutOwnDetail(error: unknown): ConnectError {
  const failure = ConnectError.from(error);
  failure.details = failure.details.filter((detail) => !("desc" in detail && detail.desc === PlatformErrorSchema));
  return failure;
}

function unknownMethod(name: string): ConnectError {
  return new ConnectError(name, Code.Unimplemented);
}
