import type { DescMethod } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { parseContentType as parseConnect } from "@connectrpc/connect/protocol-connect";
import { parseContentType as parseGrpc } from "@connectrpc/connect/protocol-grpc";
import { parseContentType as parseGrpcWeb } from "@connectrpc/connect/protocol-grpc-web";
import { type Exchange, headerOf } from "../exchange/exchange.ts";
import { ConnectGetWire, codecOf } from "./connect-get.ts";
import { connectStream } from "./connect-stream.ts";
import { ConnectUnaryWire } from "./connect-unary.ts";
import type { EnvelopedProtocol } from "./enveloped-protocol.ts";
import { EnvelopedWire } from "./enveloped-wire.ts";
import { grpc } from "./grpc.ts";
import { grpcWeb } from "./grpc-web.ts";
import type { Codec, Wire } from "./wire.ts";

/** Longest deadline that a caller may set. */
export const maxTimeoutMs = 24 * 60 * 60 * 1000;

/** An answer of HTTP's own to what is no call in any protocol. */
export interface HttpRefusal {
  readonly status: 405 | 415;
  readonly headers: Readonly<Record<string, string>>;
}

/** Finds out in which protocol a method is called. */
export function openWire(exchange: Exchange, method: DescMethod): Wire | HttpRefusal {
  const isUnary = method.methodKind === "unary";
  const mayGet = isUnary && method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
  if (exchange.method === "GET" && mayGet) return openGet(exchange);
  if (exchange.method !== "POST") return { status: 405, headers: { allow: mayGet ? "GET, POST" : "POST" } };
  const media = mediaOf(headerOf(exchange, "content-type"));
  if (!media || (media.protocol === "connect unary" ? !isUnary : media.protocol === connectStream && isUnary)) {
    return unknownMedia;
  }
  if (media.protocol === "connect unary") return new ConnectUnaryWire(exchange, media.codec, maxTimeoutMs);
  return new EnvelopedWire(exchange, media.protocol, media.codec, maxTimeoutMs);
}

const unknownMedia: HttpRefusal = {
  status: 415,
  headers: { "accept-post": "application/proto, application/json, application/grpc, application/grpc-web" },
};

function openGet(exchange: Exchange): Wire | HttpRefusal {
  const { url } = exchange;
  const query = new URLSearchParams(url.includes("?") ? url.slice(url.indexOf("?") + 1) : "");
  const codec = codecOf(query);
  return codec ? new ConnectGetWire(exchange, codec, query, maxTimeoutMs) : unknownMedia;
}

interface Media {
  readonly protocol: EnvelopedProtocol | "connect unary";
  readonly codec: Codec;
}

/** What the usual media types say, so that they are not taken apart for each call. */
const usual = new Map(
  [
    "application/proto",
    "application/json",
    "application/connect+proto",
    "application/connect+json",
    "application/grpc",
    "application/grpc+proto",
    "application/grpc-web+proto",
  ].map((type) => [type, readMedia(type)]),
);

/** The protocol and codec that a media type names; undefined where it names none. */
export function mediaOf(type: string | undefined): Media | undefined {
  return type === undefined ? undefined : (usual.get(type) ?? readMedia(type));
}

function readMedia(type: string): Media | undefined {
  const connect = parseConnect(type);
  if (connect) return { protocol: connect.stream ? connectStream : "connect unary", codec: codec(connect.binary) };
  const plain = parseGrpc(type);
  if (plain) return { protocol: grpc, codec: codec(plain.binary) };
  const web = parseGrpcWeb(type);
  // Base64 for browsers without binary bodies, of which none is left.
  return web && !web.text ? { protocol: grpcWeb, codec: codec(web.binary) } : undefined;
}

function codec(isBinary: boolean): Codec {
  return isBinary ? "binary" : "json";
}
