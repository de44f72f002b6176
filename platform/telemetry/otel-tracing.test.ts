import { SpanStatusCode } from "@opentelemetry/api";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type RecordedSpans, recordSpans } from "#platform/testing/recorded-spans.ts";
import { readTraceparent } from "./traceparent.ts";
import { traced } from "./tracing.ts";

let recorded: RecordedSpans;
beforeAll(() => {
  recorded = recordSpans();
});
afterEach(() => recorded.forget());
afterAll(() => recorded.stop());

const [traceId, spanId] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];
const caller = `00-${traceId}-${spanId}-01`;
const unrecordedCaller = `00-${traceId}-${spanId}-00`;

test("spans are parts of the one that runs the code that begins them", async () => {
  const { tracing } = recorded;
  const outer = tracing.begin("outer");
  await outer.run(async () => {
    await Promise.resolve();
    tracing.begin("inner").end();
    tracing.apart(() => tracing.begin("apart").end());
  });
  outer.end();
  const outerId = readTraceparent(outer.traceparent)?.spanId;
  expect(recorded.named("inner")?.parentSpanContext?.spanId).toBe(outerId);
  expect(recorded.named("apart")?.parentSpanContext).toBeUndefined();
  expect(tracing.active()).toBeUndefined();
});

test("a call goes on with its caller's trace and says it on, state included", () => {
  const { tracing } = recorded;
  const span = tracing.begin("call", { kind: "server", caller: { traceparent: caller, tracestate: "app=1" } });
  const said: Record<string, string> = {};
  span.writeTo((name, value) => {
    said[name] = value;
  });
  span.end();
  expect(recorded.named("call")?.parentSpanContext?.spanId).toBe(spanId);
  expect(said).toMatchObject({ traceparent: span.traceparent, tracestate: "app=1" });
  expect(readTraceparent(span.traceparent)?.traceId).toBe(traceId);
});

test("what a caller does not record nobody below it does", () => {
  const { tracing } = recorded;
  const call = tracing.begin("call", { caller: { traceparent: unrecordedCaller } });
  call.run(() => {
    expect(tracing.recorded()).toBeUndefined();
    tracing.begin("below").end();
  });
  call.end();
  expect(readTraceparent(call.traceparent)).toMatchObject({ traceId, isSampled: false });
  expect(recorded.all()).toEqual([]);
});

test("links lead to what is recorded, whoever says a context that is none", () => {
  const { tracing } = recorded;
  tracing.begin("batch", { parent: "", links: [caller, unrecordedCaller, "garbage"] }).end();
  tracing.begin("call", { caller: { traceparent: "garbage" } }).end();
  expect(recorded.named("batch")?.links.map(({ context }) => context.spanId)).toEqual([spanId]);
  expect(recorded.named("call")?.parentSpanContext).toBeUndefined();
});

test("work that fails is told so, and fails", async () => {
  const failing = traced(recorded.tracing.begin("work"), () => Promise.reject(new RangeError("no")));
  await expect(failing).rejects.toThrow(RangeError);
  const span = recorded.named("work");
  expect(span?.status.code).toBe(SpanStatusCode.ERROR);
  expect(span?.attributes["error.type"]).toBe("RangeError");
});
