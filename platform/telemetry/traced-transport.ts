import type { DescMethod } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { endClientSpan, rpcAttributes } from "./rpc-spans.ts";
import type { Tracing } from "./tracing.ts";

/**
 * The calls of a transport to other processes as spans: each says its context, so that the other process goes on with
 * the trace. Of a stream, the span ends once it is open. What no span leads to begins a trace of its own there.
 */
export function traceTransport(transport: Transport, tracing: Tracing): Transport {
  const saying = (header: HeadersInit): Headers => {
    const said = new Headers(header);
    tracing.active()?.writeTo((name, value) => said.set(name, value));
    return said;
  };
  return {
    unary: (method, signal, timeoutMs, header, input, values) =>
      traceClientCall(tracing, method, () => transport.unary(method, signal, timeoutMs, saying(header), input, values)),
    stream: (method, signal, timeoutMs, header, input, values) =>
      traceClientCall(tracing, method, () =>
        transport.stream(method, signal, timeoutMs, saying(header), input, values),
      ),
  };
}

type HeadersInit = ConstructorParameters<typeof Headers>[0];

/** A call to another process as a span, where it is a part of one that is recorded. */
export async function traceClientCall<Answer>(
  tracing: Tracing,
  method: DescMethod,
  call: () => Promise<Answer>,
): Promise<Answer> {
  if (!tracing.recorded()) return await call();
  const name = `${method.parent.typeName}/${method.name}`;
  const span = tracing.begin(name, { kind: "client", attributes: rpcAttributes(name, "grpc") });
  try {
    const answer = await span.run(call);
    endClientSpan(span, undefined);
    return answer;
  } catch (error) {
    endClientSpan(span, ConnectError.from(error));
    throw error;
  }
}
