import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import type {
  HandlerContext,
  Interceptor,
  MethodImplSpec,
  StreamRequest,
  StreamResponse,
  UnaryRequest,
  UnaryResponse,
} from "@connectrpc/connect";
import { platformErrors } from "../errors.ts";
import { type CallContext, callContextKey } from "./call-context.ts";
import { answersOf } from "./invocation.ts";

/** The message of a method, of whichever type. */
export type Message = MessageShape<DescMessage>;
export type UnarySpec = Extract<MethodImplSpec, { kind: "unary" }>;
export type StreamSpec = Exclude<MethodImplSpec, UnarySpec>;

/** Calls a method as its interceptors want it. */
export type UnaryCall = (context: CallContext, message: Message) => Promise<Message>;
export type StreamCall = (context: CallContext, messages: AsyncIterable<Message>) => Promise<AsyncIterable<Message>>;

type Next = ReturnType<Interceptor>;

/**
 * Puts interceptors around an implementation, once for all calls of the method. They see requests and responses of
 * their own; what they hand on in the place of these is heeded.
 */
export function composeUnary(spec: UnarySpec, interceptors: readonly Interceptor[]): UnaryCall {
  const { method } = spec;
  if (interceptors.length === 0) {
    return async (context, message) => create(method.output, await spec.impl(message, context));
  }
  const run = around(interceptors, async (request) => {
    if (request.stream) throw platformErrors.UNKNOWN_METHOD();
    const context = callOf(request);
    const output = await spec.impl(request.message, seenBy(request, context));
    const message = create(method.output, output);
    context.response = Object.assign(responseOf(context), { stream: false as const, method, message });
    return context.response;
  });
  return async (context, message) => {
    context.request = Object.assign(requestOf(context), { stream: false as const, method, message });
    const response = await run(context.request);
    if (response.stream) throw new TypeError(`an interceptor made a stream of ${method.name}`);
    keepMetadata(context, response);
    return response.message;
  };
}

/** The same for methods that stream. Interceptors run when the call opens; frames pass what they made of the messages. */
export function composeStream(spec: StreamSpec, interceptors: readonly Interceptor[]): StreamCall {
  const { method } = spec;
  if (interceptors.length === 0) return async (context, messages) => answersOf(spec, messages, context);
  const run = around(interceptors, async (request) => {
    if (!request.stream) throw platformErrors.UNKNOWN_METHOD();
    const context = callOf(request);
    const message = answersOf(spec, request.message, seenBy(request, context));
    context.response = Object.assign(responseOf(context), { stream: true as const, method, message });
    return context.response;
  });
  return async (context, messages) => {
    context.request = Object.assign(requestOf(context), { stream: true as const, method, message: messages });
    const response = await run(context.request);
    if (!response.stream) throw new TypeError(`an interceptor made one message of ${method.name}`);
    keepMetadata(context, response);
    // The stream may last for days.
    context.request = undefined;
    context.response = undefined;
    return response.message;
  };
}

function around(interceptors: readonly Interceptor[], innermost: Next): Next {
  return interceptors.reduceRight<Next>((next, intercept) => intercept(next), innermost);
}

/** Headers and signal are made when an interceptor asks for them. */
function requestOf(context: CallContext) {
  return {
    service: context.service,
    requestMethod: context.requestMethod,
    contextValues: context.values,
    get url() {
      return context.url;
    },
    get header() {
      return context.requestHeader;
    },
    get signal() {
      return context.signal;
    },
  };
}

function responseOf(context: CallContext) {
  return {
    service: context.service,
    get header() {
      return context.responseHeader;
    },
    get trailer() {
      return context.responseTrailer;
    },
  };
}

function callOf({ contextValues }: UnaryRequest | StreamRequest): CallContext {
  const context = contextValues.get(callContextKey);
  if (!context) throw new TypeError("an interceptor lost the context values");
  return context;
}

/** What the implementation sees: the call, or what an interceptor made of it. */
function seenBy(request: UnaryRequest | StreamRequest, context: CallContext): HandlerContext {
  if (request === context.request) return context;
  const { method, service, requestMethod, protocolName, url, timeoutMs, responseHeader, responseTrailer } = context;
  const own = { method, service, requestMethod, protocolName, url, timeoutMs, responseHeader, responseTrailer };
  return { ...own, requestHeader: request.header, signal: request.signal, values: request.contextValues };
}

/** An interceptor may answer with other headers and trailers than those of the call. */
function keepMetadata(context: CallContext, response: UnaryResponse | StreamResponse): void {
  if (response === context.response) return;
  replace(context.responseHeader, response.header);
  // Of a stream, they are said when it ends.
  context.responseTrailer = response.trailer;
}

function replace(target: Headers, source: Headers): void {
  if (target === source) return;
  for (const name of [...target.keys()]) target.delete(name);
  for (const [name, value] of source) target.append(name, value);
}
