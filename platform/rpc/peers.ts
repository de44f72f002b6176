import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  type ContextValues,
  createHandlerContext,
  type MethodImplSpec,
  type StreamResponse,
  type Transport,
  type UnaryResponse,
} from "@connectrpc/connect";
import { platformErrors } from "./errors.ts";
import type { Served } from "./served.ts";

/**
 * Reaches services of the same process: the implementation is called with the message itself, nothing is encoded.
 * Identity travels in the context values, deadline and cancellation in the context's signal, errors as they are thrown.
 * Neither side may change a message after it was handed over.
 */
export function createPeerTransport(served: Served): Transport {
  return {
    async unary<I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>,
      ...call: CallTail<MessageInitShape<I>>
    ): Promise<UnaryResponse<I, O>> {
      const { input, context } = open(method, call);
      const spec = find<I, O>(served, method);
      if (spec.kind !== "unary") throw platformErrors.UNKNOWN_METHOD();
      try {
        const output = await orAborted(context.signal, async () => spec.impl(create(method.input, input), context));
        return { stream: false, method, ...head(method, context), message: create(method.output, output) };
      } finally {
        context.abort();
      }
    },
    async stream<I extends DescMessage, O extends DescMessage>(
      method: DescMethodStreaming<I, O>,
      ...call: CallTail<AsyncIterable<MessageInitShape<I>>>
    ): Promise<StreamResponse<I, O>> {
      const { input, context } = open(method, call);
      const output = invokeStream(find<I, O>(served, method), normalize(method.input, input), context);
      return { stream: true, method, ...head(method, context), message: finish(method.output, output, context) };
    },
  };
}

type CallTail<Input> = [
  signal: AbortSignal | undefined,
  timeoutMs: number | undefined,
  header: ConstructorParameters<typeof Headers>[0],
  input: Input,
  contextValues?: ContextValues,
];

type PeerContext = ReturnType<typeof createHandlerContext>;

function open<Input>(
  method: DescMethodUnary | DescMethodStreaming,
  [signal, timeoutMs, header, input, contextValues]: CallTail<Input>,
): { input: Input; context: PeerContext } {
  const context = createHandlerContext({
    service: method.parent,
    method,
    protocolName: "in-process",
    requestMethod: "POST",
    url: `peer:/${method.parent.typeName}/${method.name}`,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal ? { requestSignal: signal } : {}),
    ...(header ? { requestHeader: header } : {}),
    ...(contextValues ? { contextValues } : {}),
  });
  return { input, context };
}

function find<I extends DescMessage, O extends DescMessage>(
  served: Served,
  method: DescMethodUnary<I, O> | DescMethodStreaming<I, O>,
): MethodImplSpec<I, O> {
  const spec = served.find(method);
  if (!spec) throw platformErrors.UNKNOWN_METHOD({ message: `${method.parent.typeName} does not run here` });
  return spec as MethodImplSpec<I, O>;
}

function head(method: DescMethodUnary | DescMethodStreaming, context: PeerContext) {
  return { service: method.parent, header: context.responseHeader, trailer: context.responseTrailer };
}

/** Rejects as soon as the caller no longer waits, whether or not the implementation heeds its signal. */
async function orAborted<T>(signal: AbortSignal, run: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let onAbort = () => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    return await Promise.race([run(), aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function* invokeStream<I extends DescMessage, O extends DescMessage>(
  spec: MethodImplSpec<I, O>,
  input: AsyncIterable<MessageShape<I>>,
  context: PeerContext,
): AsyncIterable<MessageInitShape<O>> {
  switch (spec.kind) {
    case "server_streaming":
      for await (const message of input) {
        yield* spec.impl(message, context);
        return;
      }
      return;
    case "client_streaming":
      yield await spec.impl(input, context);
      return;
    case "bidi_streaming":
      yield* spec.impl(input, context);
      return;
    default:
      throw platformErrors.UNKNOWN_METHOD();
  }
}

async function* normalize<Schema extends DescMessage>(
  schema: Schema,
  messages: AsyncIterable<MessageInitShape<Schema>>,
): AsyncIterable<MessageShape<Schema>> {
  for await (const message of messages) yield create(schema, message);
}

async function* finish<Schema extends DescMessage>(
  schema: Schema,
  messages: AsyncIterable<MessageInitShape<Schema>>,
  context: PeerContext,
): AsyncIterable<MessageShape<Schema>> {
  try {
    yield* normalize(schema, messages);
  } finally {
    context.abort();
  }
}
