import type { Interceptor } from "@connectrpc/connect";

/** Gives every change that has no client id a new one, so that all its repetitions carry the same. */
export function clientIdInterceptor(nextId: () => string): Interceptor {
  return (next) => (request) => {
    if (!request.stream && "clientId" in request.message && request.message.clientId === "") {
      request.message.clientId = nextId();
    }
    return next(request);
  };
}
