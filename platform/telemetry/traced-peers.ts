import { ConnectError, type Transport } from "@connectrpc/connect";
import { attributes } from "./attributes.ts";
import { endClientSpan } from "./rpc-spans.ts";
import type { Tracing } from "./tracing.ts";

/** Calls between services of one process as spans, where they are a part of one that is recorded. */
export function tracePeers({ unary, stream }: Transport, tracing: Tracing): Transport {
  return {
    async unary(method, ...call) {
      if (!tracing.recorded()) return await unary(method, ...call);
      const name = `${method.parent.typeName}/${method.name}`;
      const span = tracing.begin(name, { attributes: { [attributes.rpcMethod]: name } });
      try {
        const answer = await span.run(() => unary(method, ...call));
        endClientSpan(span, undefined);
        return answer;
      } catch (error) {
        endClientSpan(span, ConnectError.from(error));
        throw error;
      }
    },
    stream,
  };
}
