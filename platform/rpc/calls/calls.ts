import type { DescMethod, Registry } from "@bufbuild/protobuf";
import { Code, type ConnectError, type Interceptor } from "@connectrpc/connect";
import { beginServerSpan, endServerSpan } from "#platform/telemetry/rpc-spans.ts";
import type { Tracing } from "#platform/telemetry/tracing.ts";
import { platformErrors } from "../errors.ts";
import { type Exchange, pathOf } from "../exchange/exchange.ts";
import { openWire } from "../protocols/open-wire.ts";
import type { ReadLimits, Wire } from "../protocols/wire.ts";
import type { Served } from "../served.ts";
import { answerStream, answerUnary, readLimits } from "./answering.ts";
import { createBodyBudget } from "./body-budget.ts";
import type { CallContext } from "./call-context.ts";
import { contextOf } from "./exchange-context.ts";
import { type Check, createRoute, type Route } from "./route.ts";

export interface CallsOptions {
  readonly served: Served;
  /** Methods that another process answers. */
  readonly forwarded?: readonly ForwardedRoute[];
  /** Asked before anything of a call's body is read: what strangers send takes no memory. Throws where it may not go on. */
  readonly admit: (context: CallContext, exchange: Exchange) => Promise<void>;
  /** Around a method, from the outside in. One without any is called as it is. */
  readonly interceptors: (method: DescMethod) => readonly Interceptor[];
  readonly check: Check;
  /** Largest message that a method reads, after decompression. */
  readonly maxMessageBytes: (method: DescMethod) => number;
  /** What `google.protobuf.Any` may hold in JSON; nothing by default. */
  readonly registry?: Registry;
  /** What a caller is told of a failure. */
  readonly typeFailure: (error: unknown, route: Pick<Route, "name">) => ConnectError;
  readonly observer: CallObserver;
  /** Absent: telemetry is off. */
  readonly tracing?: Tracing | undefined;
}

/** A method whose calls are passed on, once they are admitted. */
export interface ForwardedRoute extends Pick<Route, "method" | "name"> {
  /** Throws what the caller is to be told instead of an answer. */
  pass(exchange: Exchange, context: CallContext, limits: ReadLimits): Promise<void>;
}

/** Hears of every call that has a method, refused ones too. */
export interface CallObserver {
  opened(route: Pick<Route, "name">): void;
  /** `failure` is what the caller was told; a stream ends when it is over. */
  ended(route: Pick<Route, "name">, ms: number, failure?: ConnectError): void;
}

/** Answers the calls of the services that are served. */
export interface Calls {
  /** False where the path names no method. */
  handle(exchange: Exchange): boolean;
  /** Answers every later call with STOPPING. */
  refuse(): void;
  /** Resolves once no call runs. */
  idle(): Promise<void>;
  /** Aborts the calls that run. */
  abort(): void;
}

export function createCalls(options: CallsOptions): Calls {
  const { admit, typeFailure, observer, tracing } = options;
  const routes = routesOf(options);
  const budget = createBodyBudget();
  const running = new Set<CallContext>();
  const waiting: (() => void)[] = [];
  let refusing = false;

  const answer = async (route: AnyRoute, wire: Wire, context: CallContext, exchange: Exchange) => {
    if (refusing) throw platformErrors.STOPPING();
    await context.untilAborted(admit(context, exchange));
    if (wire.error) throw wire.error;
    const limits = { maxMessageBytes: options.maxMessageBytes(route.method), budget };
    if ("pass" in route) return await route.pass(exchange, context, readLimits(context, limits));
    if (route.run.kind === "unary") return answerUnary(route, route.run.call, wire, context, limits);
    return answerStream(route, route.run.call, wire, context, limits);
  };

  const serve = async (route: AnyRoute, wire: Wire, exchange: Exchange) => {
    const start = performance.now();
    const context = contextOf(exchange, wire, route.method);
    running.add(context);
    exchange.onOver(() => {
      if (!context.isOver) context.abort(platformErrors.CANCELLED());
      running.delete(context);
      if (running.size === 0) for (const resolve of waiting.splice(0)) resolve();
    });
    observer.opened(route);
    const span = tracing && beginServerSpan(tracing, route.name, wire.protocolName, exchange);
    let failure: ConnectError | undefined;
    try {
      await (span ? span.run(() => answer(route, wire, context, exchange)) : answer(route, wire, context, exchange));
    } catch (error) {
      failure = tell(typeFailure(error, route), wire, context, (unsent) => typeFailure(unsent, route));
    }
    context.finish();
    observer.ended(route, performance.now() - start, failure);
    if (span) endServerSpan(span, failure);
  };

  return {
    handle(exchange) {
      const route = routes.get(pathOf(exchange));
      if (!route) return false;
      const wire = openWire(exchange, route.method);
      if ("status" in wire) exchange.answer(wire.status, wire.headers);
      else void serve(route, wire, exchange);
      return true;
    },
    refuse() {
      refusing = true;
    },
    idle: () => new Promise((resolve) => (running.size === 0 ? resolve() : waiting.push(resolve))),
    abort() {
      for (const context of running) context.abort(platformErrors.STOPPING());
    },
  };
}

type AnyRoute = Route | ForwardedRoute;

/** Ends an answer with a failure. Where that, or what was said beside it, can't be sent, this is what failed. */
function tell(
  failure: ConnectError,
  wire: Wire,
  { metadata }: CallContext,
  typed: (error: unknown) => ConnectError,
): ConnectError {
  try {
    wire.fail(failure, metadata);
    return failure;
  } catch (error) {
    // A defect says nothing beside its message: what stands there has failed before, and is logged.
    const isSame = failure.code === Code.Internal && [...failure.metadata].length === 0;
    const unsent = isSame ? failure : typed(error);
    wire.fail(unsent, {});
    return unsent;
  }
}

function routesOf({
  served,
  forwarded = [],
  interceptors,
  maxMessageBytes,
  ...options
}: CallsOptions): ReadonlyMap<string, AnyRoute> {
  const routes = served.methods().map((spec) => {
    const { method } = spec;
    const given = { interceptors: interceptors(method), maxMessageBytes: maxMessageBytes(method) };
    const route = createRoute(spec, { ...options, ...given });
    return [`/${route.name}`, route] as const;
  });
  return new Map<string, AnyRoute>([...forwarded.map((route) => [`/${route.name}`, route] as const), ...routes]);
}
