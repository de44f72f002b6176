import type { ClientHttp2Stream } from "node:http2";
import { constants } from "node:http2";
import { envelope } from "../../bench/load/wire.ts";
import type { Behaviour } from "./behaviour.ts";
import { begin, onSession, onSocket, pause } from "./raw.ts";

const unary = "chat.v1.ChatService/ListConversations";
const streaming = "chat.v1.DeliveryService/Subscribe";

/** How far a call got when its client broke it off. */
const stages: readonly ((stream: ClientHttp2Stream) => void)[] = [
  () => {},
  (stream) => stream.write(envelope(Buffer.alloc(0)).subarray(0, 3)),
  (stream) => stream.write(envelope(Buffer.alloc(0))),
  (stream) => stream.end(envelope(Buffer.alloc(0))),
];

const types = ["application/connect+proto", "application/grpc", "application/grpc-web+proto", "application/proto"];

/** Breaks calls off before, within and after their body, in mid-stream, by RST_STREAM or by cutting the connection. */
export const breakOff: Behaviour = async ({ town, person, below }) => {
  await onSession(town.url, {}, async (session) => {
    for (let n = 0; n < 1 + below(8); n++) {
      const type = types[below(types.length)] ?? "";
      const stream = begin(session, type === "application/proto" ? unary : streaming, person.token, type);
      stream.resume();
      stages[below(stages.length)]?.(stream);
      await pause(below(3) * below(100));
      if (below(3) > 0) stream.close(below(2) === 0 ? constants.NGHTTP2_CANCEL : constants.NGHTTP2_INTERNAL_ERROR);
    }
  });
};

const body = JSON.stringify({ pageSize: 10 });

/** Cuts HTTP/1.1 connections within headers, body and answer. */
export const cutHttp1: Behaviour = async ({ town, person, below }) => {
  const head = [
    `POST /parley.${unary} HTTP/1.1`,
    "host: soak",
    "content-type: application/json",
    `authorization: Bearer ${person.token}`,
    `content-length: ${body.length}`,
  ].join("\r\n");
  const request = `${head}\r\n\r\n${body}`;
  await onSocket(town.url, async (socket) => {
    socket.write(request.slice(0, below(request.length + 1)));
    await pause(below(3) * below(100));
  });
};

/** Opens connections of which nothing comes, or only the preface. */
export const sayNothing: Behaviour = async ({ town, below }) => {
  await onSocket(town.url, async (socket) => {
    if (below(2) === 0) socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".slice(0, 1 + below(24)));
    await pause(below(1_000));
  });
};
