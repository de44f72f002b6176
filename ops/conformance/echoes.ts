/** Conversions between what an application sees of a call and the messages in which the runner is told of it. */
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import {
  type ConformancePayload_RequestInfo,
  ConformancePayload_RequestInfoSchema,
  ErrorSchema,
  type Error as ErrorShape,
  type Header,
  HeaderSchema,
} from "#gen/connectrpc/conformance/v1/service_pb.js";

/** What a service observed of a call. */
export function requestInfo(context: HandlerContext, requests: Any[]): ConformancePayload_RequestInfo {
  const timeoutMs = context.timeoutMs();
  return create(ConformancePayload_RequestInfoSchema, {
    requestHeaders: headersToProto(context.requestHeader),
    requests,
    ...(timeoutMs === undefined ? {} : { timeoutMs: BigInt(Math.round(timeoutMs)) }),
    ...(context.requestMethod === "GET"
      ? { connectGetInfo: { queryParams: headersToProto(new URL(context.url).searchParams) } }
      : {}),
  });
}

export function pack<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): Any {
  return anyPack(schema, message);
}

export function headersToProto(headers: Iterable<[string, string]>): Header[] {
  return [...headers].map(([name, value]) => create(HeaderSchema, { name, value: [value] }));
}

export function addHeaders(headers: readonly Header[], target: Headers): void {
  for (const { name, value } of headers) for (const one of value) target.append(name, one);
}

/** An error as an application raises it, `more` details added. Codes have the same numbers here and there. */
export function errorFromProto({ code, message, details }: ErrorShape, ...more: Any[]): ConnectError {
  const number: number = code;
  const error = new ConnectError(message ?? "", number);
  error.details = [...details, ...more].map(({ typeUrl, value }) => ({ type: nameOf(typeUrl), value }));
  return error;
}

export function errorToProto(error: ConnectError): ErrorShape {
  const details = error.details.map((detail) =>
    "type" in detail
      ? create(AnySchema, { typeUrl: `type.googleapis.com/${detail.type}`, value: detail.value })
      : anyPack(detail.desc, create(detail.desc, detail.value)),
  );
  const code: number = error.code;
  return create(ErrorSchema, { code, message: error.rawMessage, details });
}

function nameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}
