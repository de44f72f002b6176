import {
  contentTypeJson,
  contentTypeProto,
  grpcStatusOk,
  headerAcceptEncoding,
  headerEncoding,
  headerGrpcStatus,
  headerTimeout,
  parseTimeout,
  setTrailerStatus,
} from "@connectrpc/connect/protocol-grpc";
import { type Ending, type EnvelopedProtocol, toNodeHeaders } from "./enveloped-protocol.ts";

const ok: Ending = { trailers: { [headerGrpcStatus]: grpcStatusOk } };

/** gRPC over HTTP/2: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
export const grpc: EnvelopedProtocol = {
  name: "grpc",
  contentTypes: { binary: contentTypeProto, json: contentTypeJson },
  encodingHeader: headerEncoding.toLowerCase(),
  acceptEncodingHeader: headerAcceptEncoding.toLowerCase(),
  timeoutHeader: headerTimeout.toLowerCase(),
  parseTimeout,
  hasTrailers: true,
  /** The status stands in the trailers ("Responses", Trailers). */
  ending(trailer, error) {
    if (!trailer && !error) return ok;
    return { trailers: toNodeHeaders(setTrailerStatus(new Headers(trailer), error)) };
  },
};
