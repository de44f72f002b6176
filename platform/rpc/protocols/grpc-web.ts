import {
  contentTypeJson,
  contentTypeProto,
  headerAcceptEncoding,
  headerEncoding,
  headerTimeout,
  parseTimeout,
  setTrailerStatus,
  trailerFlag,
  trailerSerialize,
} from "@connectrpc/connect/protocol-grpc-web";
import type { Ending, EnvelopedProtocol } from "./enveloped-protocol.ts";
import { envelop } from "./envelopes.ts";

const ok: Ending = { body: envelop(trailerFlag, trailerSerialize(setTrailerStatus(new Headers(), undefined))) };

/** gRPC-Web, binary: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md */
export const grpcWeb: EnvelopedProtocol = {
  name: "grpc-web",
  contentTypes: { binary: contentTypeProto, json: contentTypeJson },
  encodingHeader: headerEncoding.toLowerCase(),
  acceptEncodingHeader: headerAcceptEncoding.toLowerCase(),
  timeoutHeader: headerTimeout.toLowerCase(),
  parseTimeout,
  hasTrailers: false,
  /** Trailers are the last envelope of the body ("Protocol differences vs gRPC over HTTP2"). */
  ending(trailer, error) {
    if (!trailer && !error) return ok;
    return { body: envelop(trailerFlag, trailerSerialize(setTrailerStatus(new Headers(trailer), error))) };
  },
};
