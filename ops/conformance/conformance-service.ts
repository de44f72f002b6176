/** The service that the runner's clients call. It does as each request says; `service.proto` has the rules. */
import { setTimeout as wait } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import {
  type BidiStreamRequest,
  BidiStreamRequestSchema,
  type ClientStreamRequest,
  ClientStreamRequestSchema,
  type ConformancePayload,
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  ConformancePayloadSchema,
  type ConformanceService,
  IdempotentUnaryRequestSchema,
  type ServerStreamRequest,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "#gen/connectrpc/conformance/v1/service_pb.js";
import { addHeaders, errorFromProto, pack, requestInfo } from "./echoes.ts";

/** `Unimplemented` is left out: the server itself answers for it. */
export const conformanceService: Partial<ServiceImpl<typeof ConformanceService>> = {
  unary: async (request, context) => ({
    payload: await respond(request.responseDefinition, context, [pack(UnaryRequestSchema, request)]),
  }),
  idempotentUnary: async (request, context) => ({
    payload: await respond(request.responseDefinition, context, [pack(IdempotentUnaryRequestSchema, request)]),
  }),
  clientStream: async (requests, context) => ({ payload: await respondToStream(requests, context) }),
  serverStream,
  bidiStream,
};

async function respond(
  definition: UnaryResponseDefinition | undefined,
  context: HandlerContext,
  requests: Any[],
): Promise<ConformancePayload> {
  const info = requestInfo(context, requests);
  if (definition) {
    prepare(definition, context);
    await wait(definition.responseDelayMs);
  }
  const response = definition?.response;
  if (response?.case === "error") {
    throw errorFromProto(response.value, pack(ConformancePayload_RequestInfoSchema, info));
  }
  return payloadOf(response?.value, info);
}

async function respondToStream(
  requests: AsyncIterable<ClientStreamRequest>,
  context: HandlerContext,
): Promise<ConformancePayload> {
  const seen: ClientStreamRequest[] = [];
  for await (const request of requests) seen.push(request);
  const echoes = seen.map((request) => pack(ClientStreamRequestSchema, request));
  return respond(seen[0]?.responseDefinition, context, echoes);
}

async function* serverStream(request: ServerStreamRequest, context: HandlerContext) {
  const { responseDefinition: definition } = request;
  if (!definition) return;
  prepare(definition, context);
  yield* restOf(definition, 0, requestInfo(context, [pack(ServerStreamRequestSchema, request)]));
}

async function* bidiStream(requests: AsyncIterable<BidiStreamRequest>, context: HandlerContext) {
  let first: BidiStreamRequest | undefined;
  let sent = 0;
  let unanswered: Any[] = [];
  for await (const request of requests) {
    unanswered.push(pack(BidiStreamRequestSchema, request));
    first ??= request;
    const { responseDefinition: definition, fullDuplex } = first;
    if (first === request && definition) prepare(definition, context);
    if (!fullDuplex) continue;
    const data = definition?.responseData[sent];
    if (!definition || !data) break;
    await wait(definition.responseDelayMs);
    const info =
      sent === 0
        ? requestInfo(context, unanswered)
        : create(ConformancePayload_RequestInfoSchema, { requests: unanswered });
    yield { payload: payloadOf(data, info) };
    unanswered = [];
    sent++;
  }
  if (first?.responseDefinition) yield* restOf(first.responseDefinition, sent, requestInfo(context, unanswered));
}

/** The responses from number `sent` on, the very first with what was seen of the call, and the error, if any. */
async function* restOf(definition: StreamResponseDefinition, sent: number, info: ConformancePayload_RequestInfo) {
  const { responseData, responseDelayMs, error } = definition;
  for (const [index, data] of responseData.entries()) {
    if (index < sent) continue;
    await wait(responseDelayMs);
    yield { payload: payloadOf(data, index === 0 ? info : undefined) };
  }
  if (!error) return;
  const isFirst = sent === 0 && responseData.length === 0;
  throw errorFromProto(error, ...(isFirst ? [pack(ConformancePayload_RequestInfoSchema, info)] : []));
}

function prepare(definition: UnaryResponseDefinition | StreamResponseDefinition, context: HandlerContext): void {
  addHeaders(definition.responseHeaders, context.responseHeader);
  addHeaders(definition.responseTrailers, context.responseTrailer);
}

function payloadOf(data: Uint8Array | undefined, info: ConformancePayload_RequestInfo | undefined): ConformancePayload {
  return create(ConformancePayloadSchema, { ...(data ? { data } : {}), ...(info ? { requestInfo: info } : {}) });
}
