import { once } from "node:events";
import { connect } from "node:net";
import { fromBinary } from "@bufbuild/protobuf";
import { CloseReason, DeliveryService, FrameSchema } from "#gen/parley/chat/v1/delivery_pb.js";
import { frame, frameFlags, frameTypes, literalField, preface, uint32 } from "#platform/testing/http2-frames.ts";
import { pathOf } from "../load/wire.ts";

/**
 * Many subscriptions on one HTTP/2 connection, as a load balancer has them. In raw frames: a stream of a real client
 * takes more memory than the server's end of it, and here one machine has to hold both.
 */
export interface BareStreams {
  /** Opens one more; resolves when it is live. Rejects where it is refused. */
  subscribe(token: string): Promise<void>;
  close(): void;
}

export interface Hearers {
  /** Called with each event: the how manyth of its stream it is, from 0. */
  readonly onEvent: (nth: number) => void;
  /** Called once for each stream that was live and ended. */
  readonly onLost: (why: string) => void;
}

interface OpenStream {
  events: number;
  /** Why the server said that it closes the stream. */
  closed?: string;
  settle: { resolve(): void; reject(error: Error): void } | undefined;
}

const { headers, data, reset, settings, ping, goaway, windowUpdate } = frameTypes;
const { ack, endStream, endHeaders } = frameFlags;
const frameHead = 9;
const envelopeHead = 5;
/** First byte of an encoded `Frame` that holds an event, of one that says "caught up", and of the last one. */
const eventTag = (1 << 3) | 2;
const caughtUpTag = (11 << 3) | 2;
const closedTag = (13 << 3) | 2;
const endOfStream = 0b10;
/** Room for all that ever comes: the server is never held up by windows. */
const windowBytes = 0x7fffffff;
const initialWindowSetting = Buffer.concat([Buffer.of(0, 4), uint32(windowBytes)]);
const emptyRequest = Buffer.alloc(envelopeHead);

export async function openBareStreams(url: string, { onEvent, onLost }: Hearers): Promise<BareStreams> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  await once(socket, "connect");
  const streams: (OpenStream | undefined)[] = [];
  const common = requestFields(new URL(url).host);

  const end = (index: number, why: string) => {
    const stream = streams[index];
    streams[index] = undefined;
    if (stream?.settle) stream.settle.reject(new Error(why));
    else if (stream) onLost(why);
  };
  const endAll = (why: string) => {
    for (let index = 0; index < streams.length; index++) end(index, why);
  };
  const takeMessage = (index: number, flags: number, bytes: Buffer) => {
    const stream = streams[index];
    const tag = bytes[0];
    if (!stream) return;
    if (flags & endOfStream) end(index, stream.closed ?? bytes.toString());
    else if (tag === closedTag) stream.closed = reasonOf(bytes);
    else if (tag === eventTag) onEvent(stream.events++);
    else if (tag === caughtUpTag) {
      stream.settle?.resolve();
      stream.settle = undefined;
    }
  };
  const take = (type: number, flags: number, index: number, payload: Buffer) => {
    if (type === data) readEnvelopes(payload, (...message) => takeMessage(index, ...message));
    else if (type === settings && !(flags & ack)) socket.write(frame(settings, ack, 0));
    else if (type === ping && !(flags & ack)) socket.write(frame(ping, ack, 0, payload));
    else if (type === goaway) endAll(`GOAWAY ${payload.toString("latin1", 8)}`);
    else if (type === reset) end(index, `RST_STREAM ${payload.readUInt32BE()}`);
    if ((type === headers || type === data) && flags & endStream) end(index, "the answer ended");
  };
  socket.on("data", createFrameReader(take));
  socket.on("error", () => {});
  socket.once("close", () => endAll("the connection closed"));
  socket.write(Buffer.concat([preface, frame(settings, 0, 0, initialWindowSetting)]));
  socket.write(frame(windowUpdate, 0, 0, uint32(windowBytes - 65_535)));

  return {
    subscribe(token) {
      const id = 2 * streams.length + 1;
      const fields = Buffer.concat([common, literalField("authorization", `Bearer ${token}`)]);
      const request = [frame(headers, endHeaders, id, fields), frame(data, endStream, id, emptyRequest)];
      return new Promise<void>((resolve, reject) => {
        streams.push({ events: 0, settle: { resolve, reject } });
        socket.write(Buffer.concat(request));
      });
    },
    close: () => void socket.destroy(),
  };
}

function reasonOf(bytes: Buffer): string {
  const { frame } = fromBinary(FrameSchema, bytes);
  return frame.case === "closed" ? CloseReason[frame.value.reason] : "";
}

function requestFields(host: string): Buffer {
  return Buffer.concat([
    literalField(":method", "POST"),
    literalField(":scheme", "http"),
    literalField(":authority", host),
    literalField(":path", pathOf(DeliveryService.method.subscribe)),
    literalField("content-type", "application/connect+proto"),
    literalField("connect-protocol-version", "1"),
  ]);
}

/** `onFrame` gets the stream as its index, from 0; what concerns the connection has -1. */
function createFrameReader(
  onFrame: (type: number, flags: number, index: number, payload: Buffer) => void,
): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    const bytes: Buffer = rest ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= frameHead) {
      const end = at + frameHead + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const index = (bytes.readUInt32BE(at + 5) - 1) / 2;
      onFrame(bytes.readUInt8(at + 3), bytes.readUInt8(at + 4), index, bytes.subarray(at + frameHead, end));
      at = end;
    }
    rest = at < bytes.length ? bytes.subarray(at) : undefined;
  };
}

/** The server never spreads an envelope as small as these over frames. */
function readEnvelopes(payload: Buffer, onMessage: (flags: number, bytes: Buffer) => void): void {
  for (let at = 0; at < payload.length; ) {
    const end = at + envelopeHead + payload.readUInt32BE(at + 1);
    if (end > payload.length) throw new Error("an envelope is spread over several frames");
    onMessage(payload.readUInt8(at), payload.subarray(at + envelopeHead, end));
    at = end;
  }
}
