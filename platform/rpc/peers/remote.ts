import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { platformErrors } from "../errors.ts";
import { clientAddressKey, identityKey } from "../identity.ts";
import type { PeerConnections } from "./connections.ts";
import { peerHeaders, writeIdentity, writeKey } from "./peer-proof.ts";

/**
 * Reaches services of another process, as `createPeerTransport` does those of this one: identity, deadline and
 * cancellation travel with the call, failures come back with their typed details.
 */
export function createRemoteTransport(connections: PeerConnections, key: Uint8Array): Transport {
  const { origin } = new URL(connections.url);
  return typeFailures(
    createGrpcTransport({
      baseUrl: origin,
      // Between processes that stand together it costs more than it spares.
      acceptCompression: [],
      interceptors: [sayWhoCalls(writeKey(key))],
      sessionManager: {
        authority: origin,
        request: async (method, path, headers, options) =>
          await connections.request({ ...headers, ":method": method, ":path": path }, options),
        notifyResponseByteRead: () => {},
      },
    }),
  );
}

function sayWhoCalls(key: string): Interceptor {
  return (next) => (request) => {
    const { header, contextValues } = request;
    header.set(peerHeaders.key, key);
    header.set(peerHeaders.identity, writeIdentity(contextValues.get(identityKey)));
    header.set(peerHeaders.clientAddress, contextValues.get(clientAddressKey));
    return next(request);
  };
}

/** Around the whole transport: deadlines and cancellation end a call outside of its interceptors. */
function typeFailures({ unary, stream }: Transport): Transport {
  return {
    async unary(...call) {
      try {
        return await unary(...call);
      } catch (error) {
        throw typedFailureOfPeer(error, call[1]);
      }
    },
    async stream(...call) {
      try {
        const response = await stream(...call);
        return { ...response, message: typedStream(response.message, call[1]) };
      } catch (error) {
        throw typedFailureOfPeer(error, call[1]);
      }
    },
  };
}

async function* typedStream<Message>(
  messages: AsyncIterable<Message>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message> {
  try {
    yield* messages;
  } catch (error) {
    throw typedFailureOfPeer(error, signal);
  }
}

/**
 * What has no details did not come from the implementation, but from the way to it. A call is cancelled by its caller
 * alone: where the stream ends so by itself, the other process is gone.
 */
function typedFailureOfPeer(cause: unknown, signal: AbortSignal | undefined): unknown {
  const error = ConnectError.from(cause);
  if (error.details.length > 0) return error;
  if (error.cause instanceof ConnectError && error.cause.details.length > 0) return error.cause;
  if (error.code === Code.DeadlineExceeded) return platformErrors.DEADLINE({ cause });
  if (error.code === Code.Canceled && signal?.aborted) return platformErrors.CANCELLED({ cause });
  return platformErrors.PEER_UNREACHABLE({ cause });
}
