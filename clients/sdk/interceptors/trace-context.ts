import type { Interceptor } from "@connectrpc/connect";

/** Headers that say which trace a call is part of: `traceparent` and `tracestate` (W3C Trace Context). */
export type TraceHeaders = () => Readonly<Record<string, string>>;

/** Has each call say the trace that it is part of. */
export function traceContextInterceptor(headers: TraceHeaders): Interceptor {
  return (next) => (request) => {
    for (const [name, value] of Object.entries(headers())) request.header.set(name, value);
    return next(request);
  };
}
