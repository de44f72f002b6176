import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { connectByHttp2 } from "../node/transport-http2.ts";
import type { Connect } from "../transport.ts";

/** A connection on which things go wrong where `dice` says so: a call never arrives, its answer is lost, a stream breaks. */
export function connectWithFaults(dice: () => "fine" | "lose call" | "lose answer" | "break stream"): Connect {
  const faults: Interceptor = (next) => async (request) => {
    const fault = request.method.name === "SendMessages" || request.stream ? dice() : "fine";
    if (fault === "lose call") throw lost();
    const response = await next(request);
    if (fault === "lose answer" && !response.stream) throw lost();
    if (!response.stream || fault !== "break stream") return response;
    return { ...response, message: broken(response.message, 1 + Math.floor(Math.random() * 100)) };
  };
  return (url, interceptors) => connectByHttp2(url, [...interceptors, faults]);
}

async function* broken<Item>(source: AsyncIterable<Item>, after: number): AsyncGenerator<Item> {
  let count = 0;
  for await (const item of source) {
    yield item;
    if (++count >= after) throw lost();
  }
}

function lost(): ConnectError {
  return new ConnectError("the connection broke", Code.Unavailable);
}
