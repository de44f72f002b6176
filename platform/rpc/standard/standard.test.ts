import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Health, HealthCheckResponse_ServingStatus as Status } from "#gen/grpc/health/v1/health_pb.js";
import { ServerReflection } from "#gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as ServerReflectionAlpha } from "#gen/grpc/reflection/v1alpha/reflection_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { testWithTools } from "#platform/testing/tool.ts";

const run = promisify(execFile);
let edge: TestEdge;
let reasons: string[] = [];

beforeEach(async () => {
  reasons = [];
  edge = await openTestEdge((serve) => serve(PresenceService, {}), { notReady: () => reasons });
});
afterEach(() => edge.close());

test("health tells whether the server, and a service of it, can be called", async () => {
  const health = edge.client(Health, { token: "" });
  expect(await health.check({})).toMatchObject({ status: Status.SERVING });
  reasons = ["chat: shard 3 is stopped"];
  expect(await health.check({ service: PresenceService.typeName })).toMatchObject({ status: Status.NOT_SERVING });
  expect((await failureOf(health.check({ service: "no.such.Service" }))).code).toBe(Code.NotFound);
});

test("a watcher hears of each change, and its call ends when it leaves", async () => {
  const leaving = new AbortController();
  const statuses: Status[] = [];
  const watch = async () => {
    for await (const { status } of edge.client(Health).watch({}, { signal: leaving.signal })) {
      statuses.push(status);
      if (status === Status.NOT_SERVING) leaving.abort();
      else reasons = ["draining"];
    }
  };
  expect((await failureOf(watch())).code).toBe(Code.Canceled);
  expect(statuses).toEqual([Status.SERVING, Status.NOT_SERVING]);
});

test("a watch ends when the server stops, with its last word", async () => {
  const statuses: Status[] = [];
  for await (const { status } of edge.client(Health).watch({})) {
    statuses.push(status);
    edge.refuse();
  }
  expect(statuses).toEqual([Status.SERVING, Status.NOT_SERVING]);
  await edge.finish(10_000);
});

test.each([ServerReflection, ServerReflectionAlpha])(
  "$typeName lists, describes and says what is missing",
  async (service) => {
    async function* questions() {
      yield { messageRequest: { case: "listServices", value: "" } } as const;
      yield {
        messageRequest: { case: "fileContainingSymbol", value: "parley.presence.v1.PresenceService.SetStatus" },
      } as const;
      yield { messageRequest: { case: "fileContainingSymbol", value: "parley.chat.v1.ChatError" } } as const;
      yield { messageRequest: { case: "fileByFilename", value: "google/protobuf/timestamp.proto" } } as const;
      yield { messageRequest: { case: "allExtensionNumbersOfType", value: "google.protobuf.MethodOptions" } } as const;
      const value = { containingType: "google.protobuf.MethodOptions", extensionNumber: 51000 };
      yield { messageRequest: { case: "fileContainingExtension", value } } as const;
      yield { messageRequest: { case: "fileContainingSymbol", value: "no.such.Thing" } } as const;
    }
    const answers: unknown[] = [];
    for await (const { messageResponse } of edge.client(service, { token: "" }).serverReflectionInfo(questions())) {
      if (messageResponse.case !== "fileDescriptorResponse") answers.push(messageResponse.value);
      else
        answers.push(
          fromBinary(FileDescriptorProtoSchema, messageResponse.value.fileDescriptorProto[0] ?? new Uint8Array()).name,
        );
    }
    expect(answers).toMatchObject([
      { service: expect.arrayContaining([expect.objectContaining({ name: "parley.presence.v1.PresenceService" })]) },
      "parley/presence/v1/presence.proto",
      "parley/chat/v1/errors.proto",
      "google/protobuf/timestamp.proto",
      { extensionNumber: expect.arrayContaining([51000, 51001]) },
      "parley/options/v1/options.proto",
      { errorCode: Code.NotFound },
    ]);
  },
);

testWithTools(["grpcurl"], "grpcurl lists, describes and calls without files", async () => {
  const address = new URL(edge.url).host;
  const grpcurl = async (...args: string[]) => (await run("grpcurl", ["-plaintext", ...args])).stdout;
  expect(await grpcurl(address, "list")).toContain("parley.presence.v1.PresenceService");
  expect(await grpcurl(address, "describe", "parley.presence.v1.PresenceService")).toContain(
    "(.parley.options.v1.auth) = AUTH_USER",
  );
  expect(await grpcurl("-d", "{}", address, "grpc.health.v1.Health/Check")).toContain("SERVING");
  const failed = grpcurl("-d", "{}", address, "parley.presence.v1.PresenceService/SetStatus");
  await expect(failed).rejects.toMatchObject({
    stderr: expect.stringContaining("PLATFORM_ERROR_REASON_UNAUTHENTICATED"),
  });
});

testWithTools(["buf"], "buf curl calls over every protocol without files", async () => {
  for (const protocol of ["grpc", "grpcweb", "connect"]) {
    const url = `${edge.url}/grpc.health.v1.Health/Check`;
    const { stdout } = await run("buf", ["curl", "--http2-prior-knowledge", "--protocol", protocol, "-d", "{}", url]);
    expect(stdout).toContain("SERVING");
  }
});
