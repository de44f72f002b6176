import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { afterEach, expect, test } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { DeliveryService } from "#gen/parley/chat/v1/delivery_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, protocols, type TestClientOptions, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { until } from "#platform/testing/until.ts";
import { platformErrors } from "../errors.ts";
import { maxMessageLength } from "../typed-failure.ts";

let edge: TestEdge;
afterEach(() => edge.close());

const userIds = ["0198c0de-0000-7000-8000-000000000001"];
const ways: Required<Pick<TestClientOptions, "protocol" | "httpVersion">>[] = protocols
  .flatMap((protocol) => [{ protocol, httpVersion: "1.1" } as const, { protocol, httpVersion: "2" } as const])
  .filter(({ protocol, httpVersion }) => protocol !== "grpc" || httpVersion === "2");

/** Serves a unary method and a stream that do the same. */
async function open(act: (context: HandlerContext) => void) {
  edge = await openTestEdge((serve) => {
    serve(PresenceService, {
      getPresence(_, context) {
        act(context);
        return {};
      },
    });
    serve(DeliveryService, {
      async *subscribe(_, context) {
        act(context);
        yield { frame: { case: "heartbeat", value: {} } };
      },
    });
  });
  return (options: TestClientOptions) => [
    failureOf(edge.client(PresenceService, options).getPresence({ userIds })),
    failureOf(drain(edge.client(DeliveryService, options).subscribe({}))),
  ];
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of stream);
}

const unsendable = [
  ["x-name", "a\x01b"],
  ["connection", "close"],
  ["content-length", "3"],
] as const;

test.each(unsendable)("a header %s: %j is a defect, told once and logged", async (name, value) => {
  const call = await open((context) => context.responseHeader.set(name, value));
  for (const way of ways) {
    for (const { reason } of await Promise.all(call(way))) expect(reason).toBe(PlatformErrorReason.INTERNAL);
  }
  expect(edge.logged.filter(({ msg }) => msg === "call failed by a defect")).toHaveLength(2 * ways.length);
  await nothingRuns();
});

test.each(unsendable)("a trailer %s: %j is a defect where HTTP carries it", async (name, value) => {
  const call = await open((context) => context.responseTrailer.set(name, value));
  for (const { reason } of await Promise.all(call({ protocol: "grpc" }))) {
    expect(reason).toBe(PlatformErrorReason.INTERNAL);
  }
  await nothingRuns();
});

test("what an error says beside its message is a defect where it can't be sent", async () => {
  const call = await open(() => {
    const error = platformErrors.RATE_LIMITED();
    error.metadata.set("connection", "close");
    throw error;
  });
  const failures = await Promise.all([...call({ protocol: "grpc" }), call({ protocol: "connect" })[0]]);
  for (const failure of failures) expect(failure?.reason).toBe(PlatformErrorReason.INTERNAL);
  await nothingRuns();
});

test.each(["a\r\nb: c", "gr\u00fc\u00df \u4e2d \u{1f680} 100%"])("the message %j is told as it is", async (message) => {
  const call = await open(() => {
    throw new ConnectError(message, Code.InvalidArgument);
  });
  for (const way of ways) {
    for (const failure of await Promise.all(call(way))) expect(failure.message).toBe(`invalid request: ${message}`);
  }
});

test("a message that is no text is told as far as it is", async () => {
  const call = await open(() => {
    throw platformErrors.INVALID_ARGUMENT({ message: "a\ud800b" });
  });
  for (const way of ways) {
    const failures = await Promise.all(call(way));
    for (const failure of failures) {
      expect(failure.message).toBe("invalid request: a\ufffdb");
      expect(failure.reason).toBe(PlatformErrorReason.INVALID_ARGUMENT);
    }
  }
});

test("a message is told up to a length that headers have room for", async () => {
  const call = await open(() => {
    throw platformErrors.INVALID_ARGUMENT({ message: "\u4e2d".repeat(100_000) });
  });
  for (const way of ways) {
    for (const failure of await Promise.all(call(way))) {
      expect(failure.message).toHaveLength(maxMessageLength);
      expect(failure.reason).toBe(PlatformErrorReason.INVALID_ARGUMENT);
    }
  }
});

test("what a stranger asks for is quoted, whatever it is", async () => {
  edge = await openTestEdge(() => {});
  for (const way of ways) {
    const check = edge.client(Health, { ...way, token: "" }).check({ service: "x".repeat(60_000) });
    expect((await failureOf(check)).code).toBe(Code.NotFound);
  }
});

test.each(ways)("$protocol over HTTP/$httpVersion carries headers and trailers of all kinds", async (way) => {
  await open(({ responseHeader, responseTrailer }) => {
    for (const fields of [responseHeader, responseTrailer]) {
      fields.append("x-name", "one");
      fields.append("x-name", "two");
      fields.append("x-name-bin", "AAEC");
    }
    responseHeader.append("set-cookie", "a=1");
    responseHeader.append("set-cookie", "b=2");
  });
  const got = { header: new Headers(), trailer: new Headers() };
  const keep = {
    onHeader(header: Headers) {
      got.header = header;
    },
    onTrailer(trailer: Headers) {
      got.trailer = trailer;
    },
  };
  const calls = [
    () => edge.client(PresenceService, way).getPresence({ userIds }, keep),
    () => drain(edge.client(DeliveryService, way).subscribe({}, keep)),
  ];
  for (const call of calls) {
    await call();
    for (const fields of [got.header, got.trailer]) {
      expect([fields.get("x-name"), fields.get("x-name-bin")]).toEqual(["one, two", "AAEC"]);
    }
    expect(got.header.getSetCookie()).toEqual(["a=1", "b=2"]);
  }
});

async function nothingRuns(): Promise<void> {
  await until(async () => (/^parley_rpc_running\{.*\} [1-9]/m.test(await edge.metrics.metrics()) ? "calls run" : ""));
}
