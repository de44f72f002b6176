import {
  contentTypeStreamJson,
  contentTypeStreamProto,
  endStreamFlag,
  endStreamToJson,
  headerStreamAcceptEncoding,
  headerStreamEncoding,
  headerTimeout,
  parseTimeout,
} from "@connectrpc/connect/protocol-connect";
import type { Ending, EnvelopedProtocol } from "./enveloped-protocol.ts";
import { envelop } from "./envelopes.ts";

const ok: Ending = { body: envelop(endStreamFlag, Buffer.from("{}")) };

/** Connect, streaming: https://connectrpc.com/docs/protocol#streaming-rpcs */
export const connectStream: EnvelopedProtocol = {
  name: "connect",
  contentTypes: { binary: contentTypeStreamProto, json: contentTypeStreamJson },
  encodingHeader: headerStreamEncoding.toLowerCase(),
  acceptEncodingHeader: headerStreamAcceptEncoding.toLowerCase(),
  timeoutHeader: headerTimeout.toLowerCase(),
  parseTimeout,
  hasTrailers: false,
  /** The last envelope tells trailers and error (https://connectrpc.com/docs/protocol#error-end-stream). */
  ending(trailer, error) {
    if (!trailer && !error) return ok;
    const last = endStreamToJson(trailer ?? new Headers(), error, undefined);
    return { body: envelop(endStreamFlag, Buffer.from(JSON.stringify(last))) };
  },
};
