import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { maxPipelined } from "./port-limits.ts";

/**
 * The requests of each HTTP/1.1 connection, one after the other (RFC 9112, section 9.3.2). Node hands over at once
 * whatever a client sent without waiting: as many calls as it likes on a connection, which it may then make a WebSocket
 * so that nobody is told when it closes.
 */
export interface OneByOne {
  readonly onRequest: RequestListener;
  /** Whether an answer is under way on a connection. */
  isAnswering(socket: Socket): boolean;
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export function createOneByOne(answer: RequestListener): OneByOne {
  /** Requests that wait for an answer that is under way. */
  const waiting = new Map<Socket, Asked[]>();
  const begin = ({ request, response }: Asked) => {
    response.on("close", answered);
    answer(request, response);
  };
  function answered(this: ServerResponse): void {
    const { socket } = this.req;
    const next = waiting.get(socket)?.shift();
    if (next && socket.writable) begin(next);
    else waiting.delete(socket);
  }
  return {
    onRequest(request, response) {
      const { socket } = request;
      const queue = waiting.get(socket);
      if (!queue) {
        waiting.set(socket, []);
        begin({ request, response });
      } else if (queue.push({ request, response }) > maxPipelined) socket.destroy();
    },
    isAnswering: (socket) => waiting.has(socket),
  };
}
