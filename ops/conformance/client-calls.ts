/** Makes one call as the runner says, and tells what an application sees of it; `client_compat.proto` has the rules. */
import { setTimeout as wait } from "node:timers/promises";
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type CallOptions, type Client, ConnectError } from "@connectrpc/connect";
import {
  type ClientCompatRequest,
  type ClientResponseResult,
  ClientResponseResultSchema,
} from "#gen/connectrpc/conformance/v1/client_compat_pb.js";
import { StreamType } from "#gen/connectrpc/conformance/v1/config_pb.js";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  type ConformancePayload,
  ConformancePayloadSchema,
  type ConformanceService,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  UnaryRequestSchema,
  UnimplementedRequestSchema,
} from "#gen/connectrpc/conformance/v1/service_pb.js";
import { addHeaders, errorToProto, headersToProto } from "./echoes.ts";
import { createTurns, type Turns } from "./turns.ts";

type ConformanceClient = Client<typeof ConformanceService>;

/** A call that is being made, and what was seen of it so far. */
interface Call {
  readonly request: ClientCompatRequest;
  readonly result: ClientResponseResult;
  readonly options: CallOptions;
  readonly turns: Turns;
  cancel(): void;
}

interface Answer {
  readonly payload?: ConformancePayload | undefined;
}

export async function callAsTold(
  client: ConformanceClient,
  request: ClientCompatRequest,
): Promise<ClientResponseResult> {
  const call = createCall(request);
  try {
    await make(client, call);
  } catch (error) {
    fail(call.result, ConnectError.from(error));
  }
  return call.result;
}

function createCall(request: ClientCompatRequest): Call {
  const result = create(ClientResponseResultSchema);
  const controller = new AbortController();
  const headers = new Headers();
  addHeaders(request.requestHeaders, headers);
  const options: CallOptions = {
    headers,
    signal: controller.signal,
    timeoutMs: request.timeoutMs ?? 0,
    onHeader(header) {
      result.responseHeaders = headersToProto(header);
    },
    onTrailer(trailer) {
      result.responseTrailers = headersToProto(trailer);
    },
  };
  return { request, result, options, turns: createTurns(), cancel: () => controller.abort() };
}

/** Of a failure, an application sees headers and trailers as one. */
function fail(result: ClientResponseResult, error: ConnectError): void {
  const metadata = headersToProto(error.metadata);
  result.error = errorToProto(error);
  if (result.responseHeaders.length === 0) result.responseHeaders = metadata;
  if (result.responseTrailers.length === 0) result.responseTrailers = metadata;
}

async function make(client: ConformanceClient, call: Call): Promise<void> {
  const { options, request } = call;
  switch (request.method) {
    case "Unary":
      return take(call, await client.unary(only(UnaryRequestSchema, call), options));
    case "IdempotentUnary":
      return take(call, await client.idempotentUnary(only(IdempotentUnaryRequestSchema, call), options));
    case "Unimplemented":
      await client.unimplemented(only(UnimplementedRequestSchema, call), options);
      return;
    case "ClientStream":
      return take(call, await client.clientStream(each(ClientStreamRequestSchema, call), options));
    case "ServerStream":
      return takeEach(call, client.serverStream(only(ServerStreamRequestSchema, call), options));
    case "BidiStream":
      return takeEach(call, client.bidiStream(each(BidiStreamRequestSchema, call), options));
    default:
      throw new Error(`the service has no method ${request.method}`);
  }
}

/** The one message of a call that is closed with it. */
function only<Desc extends DescMessage>(schema: Desc, call: Call): MessageShape<Desc> {
  const [message] = messagesOf(schema, call);
  if (!message) throw new Error("there is no message to send");
  cancelAfterSending(call);
  return message;
}

async function* each<Desc extends DescMessage>(schema: Desc, call: Call): AsyncGenerator<MessageShape<Desc>> {
  const { request, result, turns } = call;
  const messages = messagesOf(schema, call);
  result.numUnsentRequests = messages.length;
  for (const message of messages) {
    await wait(request.requestDelayMs);
    result.numUnsentRequests--;
    yield message;
    if (request.streamType === StreamType.FULL_DUPLEX_BIDI_STREAM) await turns.next();
  }
  cancelAfterSending(call);
}

function messagesOf<Desc extends DescMessage>(schema: Desc, { request }: Call): MessageShape<Desc>[] {
  return request.requestMessages.map((any) => {
    const message = anyUnpack(any, schema);
    if (!message) throw new Error(`${any.typeUrl} is not a ${schema.typeName}`);
    return message;
  });
}

function cancelAfterSending({ request, cancel }: Call): void {
  const timing = request.cancel?.cancelTiming;
  if (timing?.case === "beforeCloseSend") cancel();
  else if (timing?.case === "afterCloseSendMs") setTimeout(cancel, timing.value);
  else if (request.cancel && !timing?.case) cancel();
}

async function takeEach(call: Call, answers: AsyncIterable<Answer>): Promise<void> {
  const timing = call.request.cancel?.cancelTiming;
  try {
    for await (const answer of answers) {
      take(call, answer);
      if (timing?.case === "afterNumResponses" && call.result.payloads.length === timing.value) call.cancel();
      call.turns.give();
    }
  } finally {
    call.turns.end();
  }
}

function take({ result }: Call, { payload }: Answer): void {
  result.payloads.push(payload ?? create(ConformancePayloadSchema));
}
