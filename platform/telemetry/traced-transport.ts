import type { DescMethod } from "@bufbuild/protobuf";
import { ConnectError, type Transport } from "@connectrpc/connect";
import { endClientSpan, rpcAttributes } from "./rpc-spans.ts";
import type { Span, Tracing } from "./tracing.ts";

/**
 * The calls of a transport to other processes as spans: each says its context, so that the other process goes on with
 * the trace. Of a stream, the span ends once it is open. What no span leads to begins a trace of its own there.
 */
export function traceTransport(transport: Transport, tracing: Tracing): Transport {
  const call = async <Answer>(
    method: DescMethod,
    header: ConstructorParameters<typeof Headers>[0],
    run: (header: Headers) => Promise<Answer>,
  ): Promise<Answer> => {
    const said = new Headers(header);
    const around = tracing.active();
    const span = around?.isRecorded ? beginClientSpan(tracing, method) : undefined;
    (span ?? around)?.writeTo((name, value) => said.set(name, value));
    if (!span) return await run(said);
    try {
      const answer = await span.run(() => run(said));
      endClientSpan(span, undefined);
      return answer;
    } catch (error) {
      endClientSpan(span, ConnectError.from(error));
      throw error;
    }
  };
  return {
    unary: (method, signal, timeoutMs, header, input, values) =>
      call(method, header, (said) => transport.unary(method, signal, timeoutMs, said, input, values)),
    stream: (method, signal, timeoutMs, header, input, values) =>
      call(method, header, (said) => transport.stream(method, signal, timeoutMs, said, input, values)),
  };
}

/** The span of a call to another process. */
export function beginClientSpan(tracing: Tracing, method: DescMethod): Span {
  const name = `${method.parent.typeName}/${method.name}`;
  return tracing.begin(name, { kind: "client", attributes: rpcAttributes(name, "grpc") });
}
