import { createContextValues, type Interceptor, type Transport } from "@connectrpc/connect";
import { createClientMethodSerializers, createMethodUrl, runStreamingCall } from "@connectrpc/connect/protocol";
import { requestHeader } from "@connectrpc/connect/protocol-connect";
import { type Connect, connectByFetch } from "../transport.ts";
import { readAnswer } from "./answer.ts";
import { createInbox } from "./inbox.ts";
import { openSocket } from "./open-socket.ts";
import { sendEach } from "./outgoing.ts";

/**
 * Streams over WebSocket, other calls by `fetch`: for browsers, whose `fetch` can't say anything on a stream once it is
 * open. It works wherever `WebSocket` is a global, as it is in Node. A typed client goes on with a stream whose reader
 * left, as all clients of Connect do: `signal` ends it.
 *
 * @example
 * const parley = await createParley({ url, storage, connect: connectByWebSocket });
 * for await (const frame of parley.services.delivery.connect(commands(), { signal })) show(frame);
 */
export const connectByWebSocket: Connect = (baseUrl, interceptors) => {
  const byFetch = connectByFetch(baseUrl, interceptors);
  const closed = new AbortController();
  return {
    transport: {
      unary: byFetch.transport.unary,
      stream: streamsByWebSocket(baseUrl, interceptors, closed.signal),
    },
    close() {
      closed.abort();
      byFetch.close();
    },
  };
};

/** Each stream has a WebSocket of its own; all close once `closed` aborts. A stream that names no deadline has none. */
function streamsByWebSocket(baseUrl: string, interceptors: Interceptor[], closed: AbortSignal): Transport["stream"] {
  return (method, signal, timeoutMs, header, input, contextValues = createContextValues()) => {
    const { serialize, parse } = createClientMethodSerializers(method, true);
    const limit = timeoutMs !== undefined && timeoutMs > 0 ? timeoutMs : undefined;
    return runStreamingCall({
      interceptors,
      ...(signal ? { signal } : {}),
      ...(limit === undefined ? {} : { timeoutMs: limit }),
      req: {
        stream: true,
        service: method.parent,
        method,
        requestMethod: "POST",
        url: createMethodUrl(baseUrl, method),
        header: requestHeader(method.methodKind, true, limit, header, false),
        contextValues,
        message: input,
      },
      async next(request) {
        const socket = await openSocket(request.url, AbortSignal.any([request.signal, closed]));
        const inbox = createInbox(socket);
        socket.send(JSON.stringify(Object.fromEntries(request.header)));
        sendEach(socket, request.message, serialize).catch(inbox.fail);
        const metadata = { header: new Headers(), trailer: new Headers() };
        return { ...request, ...metadata, message: readAnswer(inbox, metadata, parse) };
      },
    });
  };
}
