import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** Frame types (RFC 9113, section 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const frameFlags = { ack: 1, endStream: 1, endHeaders: 4 } as const;

export const errorCodes = { noError: 0, protocol: 1, flowControl: 3, refusedStream: 7, cancel: 8, enhanceYourCalm: 11 };

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** GET http://x/ with every field from the static table or literal (RFC 7541), so that blocks don't depend on each other. */
export const getHeaders = Buffer.from([0x82, 0x86, 0x84, 0x01, 1, 0x78]);

/** A header field that is not put into the dynamic table. */
export function literalField(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.of(0), literal(name), literal(value)]);
}

function literal(text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length < 127) return Buffer.concat([Buffer.of(bytes.length), bytes]);
  const rest = bytes.length - 127;
  // Seven bits a byte suffice up to two continuation bytes.
  return Buffer.concat([Buffer.of(127, 0x80 | (rest & 0x7f), rest >> 7), bytes]);
}

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** Opens a stream by a request without body. */
export function getFrame(stream: number): Buffer {
  return frame(frameTypes.headers, frameFlags.endStream | frameFlags.endHeaders, stream, getHeaders);
}

/** Connection preface with empty settings (RFC 9113, section 3.4). */
export const preface = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  frame(frameTypes.settings, 0, 0),
]);

/** The client's end of a cleartext HTTP/2 connection, which sends whatever frames a test wants. */
export interface FrameClient {
  readonly socket: Socket;
  /** What the server sent so far. */
  readonly received: readonly Frame[];
  send(...frames: readonly Uint8Array[]): void;
  /** Code and reason of the server's GOAWAY, if it sent one. */
  readonly goaway: { readonly code: number; readonly reason: string } | undefined;
  /** Whether the server ended or cut the connection. */
  readonly isCut: boolean;
  close(): void;
}

/** Connects and sends the preface. SETTINGS are acknowledged; PINGs only where `answersPings`. */
export async function openFrames(url: string, { answersPings = true } = {}): Promise<FrameClient> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  const received: Frame[] = [];
  const isAnswered = ({ type, flags }: Frame) =>
    (type === frameTypes.settings || (type === frameTypes.ping && answersPings)) && !(flags & frameFlags.ack);
  const readFrames = frameReader((each) => {
    received.push(each);
    if (!isAnswered(each)) return;
    socket.write(frame(each.type, frameFlags.ack, 0, each.type === frameTypes.ping ? each.payload : undefined));
  });
  socket.on("data", readFrames);
  socket.write(preface);
  return {
    socket,
    received,
    send: (...frames) => void socket.write(Buffer.concat(frames)),
    get goaway() {
      const { payload } = received.findLast(({ type }) => type === frameTypes.goaway) ?? {};
      return payload && { code: payload.readUInt32BE(4), reason: payload.toString("latin1", 8) };
    },
    get isCut() {
      return socket.closed || socket.readableEnded;
    },
    close: () => void socket.destroy(),
  };
}

function frameReader(onFrame: (frame: Frame) => void): (chunk: Buffer) => void {
  let unread: Buffer = Buffer.alloc(0);
  return (chunk) => {
    unread = Buffer.concat([unread, chunk]);
    while (unread.length >= 9 && unread.length >= 9 + unread.readUIntBE(0, 3)) {
      const end = 9 + unread.readUIntBE(0, 3);
      const [type, flags, stream] = [unread.readUInt8(3), unread.readUInt8(4), unread.readUInt32BE(5)];
      onFrame({ type, flags, stream, payload: unread.subarray(9, end) });
      unread = unread.subarray(end);
    }
  };
}
