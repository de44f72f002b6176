import { create, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type MethodImplSpec } from "@connectrpc/connect";

/** Calls the implementation of a method that streams. */
export async function* answersOf(
  spec: Exclude<MethodImplSpec, { kind: "unary" }>,
  requests: AsyncIterable<MessageShape<DescMessage>>,
  context: HandlerContext,
): AsyncGenerator<MessageShape<DescMessage>> {
  const { output } = spec.method;
  if (spec.kind === "client_streaming") yield create(output, await spec.impl(requests, context));
  else if (spec.kind === "bidi_streaming") yield* each(output, spec.impl(requests, context));
  else yield* each(output, spec.impl(await only(requests), context));
}

async function* each(output: DescMessage, messages: AsyncIterable<MessageInitShape<DescMessage>>) {
  for await (const message of messages) yield create(output, message);
}

async function only<T>(requests: AsyncIterable<T>): Promise<T> {
  for await (const request of requests) return request;
  throw new ConnectError("protocol error: missing message", Code.Unimplemented);
}
