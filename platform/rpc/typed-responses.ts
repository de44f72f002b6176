import type { ConnectError } from "@connectrpc/connect";
import { encodeEnvelope, type UniversalServerResponse } from "@connectrpc/connect/protocol";
import {
  codeToHttpStatus,
  endStreamFlag,
  endStreamFromJson,
  endStreamToJson,
  errorFromJsonBytes,
  errorToJsonBytes,
} from "@connectrpc/connect/protocol-connect";
import { findTrailerError, setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerParse, trailerSerialize } from "@connectrpc/connect/protocol-grpc-web";
import { platformErrors } from "./errors.ts";

/** Replaces an error without detail by one with. */
export type TypeFailure = (error: ConnectError) => ConnectError;

/**
 * Gives the failures that the framework raises around the interceptors (bodies it can't decode, messages too large) the
 * typed detail that every failure has. Each protocol carries its failures elsewhere.
 */
export async function typeResponse(
  response: UniversalServerResponse,
  typeFailure: TypeFailure,
): Promise<UniversalServerResponse> {
  const type = response.header?.get("content-type") ?? "";
  if (type.startsWith("application/grpc-web")) return typeLastEnvelope(response, trailerFlag, typeTrailerBytes);
  if (type.startsWith("application/grpc")) return typeTrailer(response, typeFailure);
  if (type.startsWith("application/connect+")) return typeLastEnvelope(response, endStreamFlag, typeEndStream);
  return response.status < 400 ? response : await typeUnary(response, typeFailure);

  function typeTrailerBytes(data: Uint8Array): Uint8Array {
    return trailerSerialize(typeHeaders(trailerParse(data), typeFailure));
  }
  function typeEndStream(data: Uint8Array): Uint8Array {
    const { metadata, error } = endStreamFromJson(data);
    if (!error || error.details.length > 0) return data;
    return new TextEncoder().encode(JSON.stringify(endStreamToJson(metadata, typeFailure(error), undefined)));
  }
}

function typeHeaders(trailer: Headers, typeFailure: TypeFailure): Headers {
  const error = findTrailerError(trailer);
  return error && error.details.length === 0 ? setTrailerStatus(trailer, typeFailure(error)) : trailer;
}

/** The trailer is complete once the body has ended, and is asked for only then. */
function typeTrailer(response: UniversalServerResponse, typeFailure: TypeFailure): UniversalServerResponse {
  const { status, header, body, trailer } = response;
  const typed: UniversalServerResponse = { status, ...(header ? { header } : {}), ...(body ? { body } : {}) };
  return Object.defineProperty(typed, "trailer", { get: () => trailer && typeHeaders(trailer, typeFailure) });
}

function typeLastEnvelope(
  response: UniversalServerResponse,
  lastFlag: number,
  typeData: (data: Uint8Array) => Uint8Array,
): UniversalServerResponse {
  const { body } = response;
  if (!body) return response;
  const typeChunk = (chunk: Uint8Array) =>
    chunk[0] === lastFlag ? encodeEnvelope(lastFlag, typeData(chunk.subarray(5))) : chunk;
  return { ...response, body: mapChunks(body, typeChunk) };
}

/** Maps without a generator: this stands in the way of every frame of a stream. */
function mapChunks(body: AsyncIterable<Uint8Array>, map: (chunk: Uint8Array) => Uint8Array): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const inner = body[Symbol.asyncIterator]();
      const step = (result: IteratorResult<Uint8Array>): IteratorResult<Uint8Array> =>
        result.done ? result : { done: false, value: map(result.value) };
      return {
        next: () => inner.next().then(step),
        return: () => inner.return?.() ?? Promise.resolve({ done: true, value: undefined }),
        throw: (error: unknown) => inner.throw?.(error) ?? Promise.reject(error),
      };
    },
  };
}

async function typeUnary(
  response: UniversalServerResponse,
  typeFailure: TypeFailure,
): Promise<UniversalServerResponse> {
  const { header, body } = response;
  if (!header || !body || header.get("content-type") !== "application/json") return response;
  const bytes = await readBody(body);
  const replay = async function* () {
    yield bytes;
  };
  const error = header.has("content-encoding")
    ? undefined
    : errorFromJsonBytes(bytes, header, platformErrors.INTERNAL());
  if (!error || error.details.length > 0) return { ...response, body: replay() };
  const typed = typeFailure(error);
  const typedBytes = errorToJsonBytes(typed, undefined);
  header.set("content-length", String(typedBytes.length));
  return {
    ...response,
    status: codeToHttpStatus(typed.code),
    body: (async function* () {
      yield typedBytes;
    })(),
  };
}

async function readBody(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
