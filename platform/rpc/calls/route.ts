import type { DescMethod, Registry } from "@bufbuild/protobuf";
import type { Interceptor, MethodImplSpec } from "@connectrpc/connect";
import { createMethodSerializationLookup } from "@connectrpc/connect/protocol";
import type { Codec } from "../protocols/wire.ts";
import { composeStream, composeUnary, type Message, type StreamCall, type UnaryCall } from "./chain.ts";

/** Checks a request after it was decoded: throws where it breaks the rules of its contract. */
export type Check = (method: DescMethod, message: Message) => void;

/** All that is known of a method before it is called. */
export interface Route {
  readonly method: DescMethod;
  /** Such as "parley.chat.v1.ChatService/SendMessage". */
  readonly name: string;
  readonly run:
    | { readonly kind: "unary"; readonly call: UnaryCall }
    | { readonly kind: "stream"; readonly call: StreamCall };
  /** Decodes and checks a request. */
  decode(codec: Codec, bytes: Uint8Array): Message;
  encode(codec: Codec, message: Message): Uint8Array;
}

export interface RouteOptions {
  readonly interceptors: readonly Interceptor[];
  readonly check: Check;
  /** Largest message that is read. */
  readonly maxMessageBytes: number;
  /** What `google.protobuf.Any` may hold in JSON. */
  readonly registry?: Registry;
}

/** JSON that is not UTF-8 is refused; the default decoder would replace what it can't read. */
const jsonOptions = { ignoreUnknownFields: true, textDecoder: new TextDecoder("utf-8", { fatal: true }) };
const binaryOptions = { readUnknownFields: false };
const maxEncodedBytes = 0xffffffff;

export function createRoute(spec: MethodImplSpec, options: RouteOptions): Route {
  const { interceptors, check, maxMessageBytes, registry } = options;
  const { method } = spec;
  const serialization = createMethodSerializationLookup(
    method,
    binaryOptions,
    registry ? { ...jsonOptions, registry } : jsonOptions,
    {
      readMaxBytes: maxMessageBytes,
      writeMaxBytes: maxEncodedBytes,
    },
  );
  const input = { binary: serialization.getI(true), json: serialization.getI(false) };
  const output = { binary: serialization.getO(true), json: serialization.getO(false) };
  return {
    method,
    name: `${method.parent.typeName}/${method.name}`,
    run:
      spec.kind === "unary"
        ? { kind: "unary", call: composeUnary(spec, interceptors) }
        : { kind: "stream", call: composeStream(spec, interceptors) },
    decode(codec, bytes) {
      const message = input[codec].parse(bytes);
      check(method, message);
      return message;
    },
    encode: (codec, message) => output[codec].serialize(message),
  };
}
