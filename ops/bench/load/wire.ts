/**
 * A client that costs little: Connect or gRPC over bare HTTP/2, many streams on few connections. The stock client would
 * be the bottleneck of what it measures.
 */
import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";

export interface Wire {
  /** Makes a unary call. Rejects with the server's text where it fails. */
  call<Method extends DescMethod>(
    method: Method,
    token: string,
    request: MessageInitShape<Method["input"]>,
  ): Promise<MessageShape<Method["output"]>>;
  /** The same for a request that is encoded already, giving the encoded answer. */
  send(path: string, token: string, body: Uint8Array): Promise<Buffer>;
  /** Opens a stream of answers; `onMessage` gets each without its envelope. Rejects where the server refuses it. */
  stream(path: string, token: string, body: Uint8Array, onMessage: (message: Buffer) => void): WireStream;
  /** Opens a stream of bytes; resolves once the server answers. */
  listen(path: string, onBytes: (chunk: Buffer) => void): Promise<void>;
  close(): void;
}

export interface WireStream {
  /** Ends it from this side. */
  close(): void;
  /** Resolves when the stream is over; with the server's text where it was refused. */
  readonly ended: Promise<string>;
}

const windowBytes = 16 * 1024 * 1024;
const envelopeBytes = 5;
const endOfStream = 0b10;

export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** Puts the envelope of a streaming protocol before a message. */
export function envelope(message: Uint8Array): Buffer {
  const head = Buffer.alloc(envelopeBytes);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

export type WireProtocol = "connect" | "grpc";

/** Of unary calls and of streams. */
const contentTypes = {
  connect: { unary: "application/proto", stream: "application/connect+proto" },
  grpc: { unary: "application/grpc+proto", stream: "application/grpc+proto" },
} as const;

/** Connects to the server `connections` times and takes turns between them. */
export function openWire(url: string, connections = 1, protocol: WireProtocol = "connect"): Wire {
  const types = contentTypes[protocol];
  const sessions = Array.from({ length: connections }, () => openSession(url));
  let turn = 0;
  const request = (path: string, token: string, type: string, body: Uint8Array) => {
    const session = sessions[turn++ % sessions.length];
    if (!session) throw new RangeError("no connection");
    const headers: OutgoingHttpHeaders = { ":method": "POST", ":path": path, "content-type": type };
    if (protocol === "grpc") headers.te = "trailers";
    else headers["connect-protocol-version"] = "1";
    if (token) headers.authorization = `Bearer ${token}`;
    const stream = session.request(headers);
    stream.end(body);
    return stream;
  };

  const succeeded = protocol === "grpc" ? "0" : "200";

  function send(path: string, token: string, body: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const stream = request(path, token, types.unary, protocol === "grpc" ? envelope(body) : body);
      const chunks: Buffer[] = [];
      let status = "";
      const readStatus = (headers: IncomingHttpHeaders & { ":status"?: number }) => {
        status = String(headers["grpc-status"] ?? headers[":status"]);
      };
      stream.on("response", readStatus);
      if (protocol === "grpc") stream.on("trailers", readStatus);
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.once("error", (cause) => reject(new Error(`${url}${path} broke off`, { cause })));
      stream.once("close", () => {
        const answer = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
        if (status === succeeded) resolve(protocol === "grpc" ? answer.subarray(envelopeBytes) : answer);
        else reject(new Error(`${path}: ${status} ${answer.toString()}`));
      });
    });
  }

  return {
    send,
    async call<Method extends DescMethod>(method: Method, token: string, init: MessageInitShape<Method["input"]>) {
      const answer = await send(pathOf(method), token, toBinary(method.input, create(method.input, init)));
      return fromBinary(method.output, answer) as MessageShape<Method["output"]>;
    },
    stream(path, token, body, onMessage) {
      const stream = request(path, token, types.stream, envelope(body));
      const ended = Promise.withResolvers<string>();
      let trailer = "";
      const split = splitEnvelopes((flags, message) => {
        if (flags & endOfStream) trailer = message.toString();
        else onMessage(message);
      });
      stream.on("data", split);
      stream.on("error", () => {});
      stream.once("close", () => ended.resolve(trailer));
      return { close: () => stream.close(), ended: ended.promise };
    },
    listen(path, onBytes) {
      const stream = request(path, "", "application/octet-stream", Buffer.alloc(0));
      stream.on("data", onBytes);
      return new Promise((resolve, reject) => {
        stream.once("response", () => resolve());
        stream.once("error", reject);
      });
    },
    close() {
      for (const session of sessions) session.destroy();
    },
  };
}

function openSession(url: string): ClientHttp2Session {
  const session = connect(url, { settings: { initialWindowSize: windowBytes, enablePush: false } });
  session.on("error", () => {});
  session.once("connect", () => session.setLocalWindowSize(windowBytes));
  session.setMaxListeners(0);
  return session;
}

/** Cuts a stream of bytes into enveloped messages. */
export function splitEnvelopes(onMessage: (flags: number, message: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | undefined;
  return (chunk) => {
    const bytes: Buffer = rest ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    while (bytes.length - at >= envelopeBytes) {
      const end = at + envelopeBytes + bytes.readUInt32BE(at + 1);
      if (end > bytes.length) break;
      onMessage(bytes[at] ?? 0, bytes.subarray(at + envelopeBytes, end));
      at = end;
    }
    rest = at < bytes.length ? bytes.subarray(at) : undefined;
  };
}
