import {
  type Context,
  context,
  type Link,
  type Span as OtelSpan,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { isSampled, readTraceparent, writeTraceparent } from "./traceparent.ts";
import type { Span, SpanAttributes, SpanStart, Tracing } from "./tracing.ts";

const kinds = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** Tracing by the SDK that is registered with the OpenTelemetry API. */
export function createOtelTracing(tracer: Tracer = trace.getTracer("parley")): Tracing {
  const active = (): Span | undefined => {
    const around = context.active();
    const span = trace.getSpan(around);
    return span && new ContextSpan(span, around);
  };
  return {
    begin(name, start = {}) {
      const parent = parentOf(start);
      const span = tracer.startSpan(name, optionsOf(start), parent);
      return new ContextSpan(span, trace.setSpan(parent, span));
    },
    active,
    recorded() {
      const span = active();
      return span?.isRecorded ? span : undefined;
    },
    apart: (run) => context.with(ROOT_CONTEXT, run),
  };
}

function optionsOf({ kind, links, attributes, startMs }: SpanStart) {
  return {
    kind: kinds[kind ?? "internal"],
    ...(links ? { links: linksOf(links) } : {}),
    ...(attributes ? { attributes } : {}),
    ...(startMs === undefined ? {} : { startTime: startMs }),
  };
}

function parentOf({ caller, parent }: SpanStart): Context {
  if (caller) return propagation.extract(ROOT_CONTEXT, caller);
  if (parent === undefined) return context.active();
  const spanContext = spanContextOf(parent);
  return spanContext ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
}

function linksOf(traceparents: readonly string[]): Link[] {
  return traceparents
    .filter(isSampled)
    .map(spanContextOf)
    .filter((found) => found !== undefined)
    .map((found) => ({ context: found }));
}

function spanContextOf(traceparent: string): SpanContext | undefined {
  const read = readTraceparent(traceparent);
  if (!read) return undefined;
  const traceFlags = read.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return { traceId: read.traceId, spanId: read.spanId, traceFlags, isRemote: true };
}

/** A span, and the context in which it is the active one. */
class ContextSpan implements Span {
  readonly #span: OtelSpan;
  readonly #context: Context;

  constructor(span: OtelSpan, context: Context) {
    this.#span = span;
    this.#context = context;
  }

  get isRecorded(): boolean {
    return this.#span.isRecording();
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.#span.spanContext();
    return writeTraceparent({ traceId, spanId, isSampled: (traceFlags & TraceFlags.SAMPLED) !== 0 });
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }

  writeTo(set: (name: string, value: string) => void): void {
    propagation.inject(this.#context, set, { set: (_, name, value) => set(name, value) });
  }

  run<T>(work: () => T): T {
    return context.with(this.#context, work);
  }

  end(error?: string): void {
    if (error !== undefined) this.#span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute("error.type", error);
    this.#span.end();
  }
}
