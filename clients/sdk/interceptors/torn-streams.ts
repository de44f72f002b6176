import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";

/**
 * Tells streams that broke off by INTERNAL: what arrived is not the caller's fault, though the transport calls it an
 * invalid argument.
 */
export function tornStreamInterceptor(): Interceptor {
  return (next) => async (request) => {
    const response = await next(request);
    return response.stream ? { ...response, message: whole(response.message) } : response;
  };
}

async function* whole<Message>(messages: AsyncIterable<Message>): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw isTorn(error) ? new ConnectError(error.rawMessage, Code.Internal, error.metadata, [], error) : error;
  }
}

/** Raised here: the prefix is the transport's own, of what it can't make sense of. */
function isTorn(error: unknown): error is ConnectError {
  return (
    error instanceof ConnectError &&
    error.code === Code.InvalidArgument &&
    error.details.length === 0 &&
    error.rawMessage.startsWith("protocol error: ")
  );
}
