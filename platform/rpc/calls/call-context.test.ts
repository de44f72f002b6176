import { createContextValues } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { until } from "#platform/testing/until.ts";
import { CallContext, type CallStart, callContextKey, requestHeaderOf } from "./call-context.ts";

function begin(start: Partial<CallStart> = {}): CallContext {
  return new CallContext({
    method: Health.method.check,
    protocolName: "grpc",
    requestMethod: "POST",
    values: createContextValues(),
    request: { url: "http://localhost/x", header: new Headers({ "x-name": "value" }) },
    ...start,
  });
}

const never = () => new Promise<never>(() => {});

test("what nobody asks for is not made", () => {
  let made = 0;
  const request = {
    url: "",
    get header() {
      made++;
      return new Headers();
    },
  };
  const context = begin({ request });
  expect([context.metadata, made]).toEqual([{}, 0]);
  expect(context.requestHeader).toBe(context.requestHeader);
  expect(made).toBe(1);
  context.responseTrailer.set("x-name", "value");
  expect(context.metadata.header).toBeUndefined();
  expect(context.metadata.trailer?.get("x-name")).toBe("value");
  context.finish();
});

test("one header is told by itself; once all are made, as they are then", () => {
  const request = { url: "", header: new Headers({ "x-name": "all" }), headerOf: () => "one" };
  const context = begin({ request });
  expect(requestHeaderOf(context, "x-name")).toBe("one");
  context.requestHeader.set("x-name", "changed");
  expect(requestHeaderOf(context, "x-name")).toBe("changed");
  expect(requestHeaderOf(context, "x-other")).toBeNull();
  context.finish();
});

test("the call is found by its context values", () => {
  const context = begin();
  expect(context.values.get(callContextKey)).toBe(context);
});

test.each(["before", "after"])("an abort is seen by a signal that is asked for %s it", (order) => {
  const context = begin();
  if (order === "before") expect(context.signal.aborted).toBe(false);
  context.abort(new Error("gone"));
  expect([context.signal.aborted, context.signal.reason.message]).toEqual([true, "gone"]);
});

test("who waits is stopped by an abort, and who comes later is, too", async () => {
  const context = begin();
  const wait = context.untilAborted(never());
  context.abort(new Error("gone"));
  await expect(wait).rejects.toThrow("gone");
  await expect(context.untilAborted(never())).rejects.toThrow("gone");
});

test("work that fails after its call is over is nobody's error", async () => {
  const context = begin();
  let fail = () => {};
  const work = new Promise<never>((_, reject) => {
    fail = () => reject(new Error("too late"));
  });
  const wait = context.untilAborted(work);
  context.abort(new Error("gone"));
  await expect(wait).rejects.toThrow("gone");
  fail();
  await expect(work).rejects.toThrow("too late");
});

test("a call is over once, for the first reason", () => {
  const context = begin();
  const { signal } = context;
  context.abort(new Error("first"));
  context.abort(new Error("second"));
  context.finish();
  expect(signal.reason.message).toBe("first");
});

test("an answered call tells whoever holds its signal", () => {
  const context = begin();
  const { signal } = context;
  context.finish();
  expect([context.isOver, signal.aborted]).toEqual([true, true]);
});

test.each(["finish", "abort"] as const)("%s is told to the last listener, and at once to a later one", (end) => {
  const context = begin();
  const heard: string[] = [];
  context.onOver(() => heard.push("replaced"));
  context.onOver(() => heard.push("listener"));
  context[end](new Error("gone"));
  context.onOver(() => heard.push("late"));
  expect(heard).toEqual(["listener", "late"]);
});

test("the deadline ends the call; without one the caller waits for ever", async () => {
  expect(begin().timeoutMs()).toBeUndefined();
  const context = begin({ timeoutMs: 20 });
  expect(context.timeoutMs()).toBeLessThanOrEqual(20);
  await expect(context.untilAborted(never())).rejects.toMatchObject({ reason: PlatformErrorReason.DEADLINE });
  expect(context.timeoutMs()).toBeLessThanOrEqual(0);
});

test("a call that is answered in time keeps no timer", async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const contexts = Array.from({ length: 50 }, () => begin({ timeoutMs: 60_000 }));
  for (const [index, context] of contexts.entries()) index % 2 ? context.finish() : context.abort(new Error("gone"));
  await until(() => (timers() <= before ? "" : `${timers()} timers`));
});

test("a deadline that has passed ends the call before anything is done", async () => {
  const context = begin({ timeoutMs: 0 });
  expect(context.isOver).toBe(true);
  await expect(context.untilAborted(1)).rejects.toMatchObject({ reason: PlatformErrorReason.DEADLINE });
});
