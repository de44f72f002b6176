import { create, createFileRegistry, type MessageInitShape, setExtension } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, type MethodOptions, MethodOptionsSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { Auth, auth } from "#gen/parley/options/v1/options_pb.js";
import { methodsWithoutAuth } from "./contracts.ts";

test("a method without an auth option is found, and no other", () => {
  const registry = registryOf({
    Open: Auth.PUBLIC,
    Closed: Auth.INTERNAL,
    Forgotten: undefined,
    Zero: Auth.UNSPECIFIED,
  });
  expect(methodsWithoutAuth(registry)).toEqual(["sample.Sample/Forgotten", "sample.Sample/Zero"]);
});

function registryOf(methods: Record<string, Auth | undefined>) {
  const file: MessageInitShape<typeof FileDescriptorProtoSchema> = {
    name: "parley/sample.proto",
    package: "sample",
    syntax: "proto3",
    messageType: [{ name: "Empty" }],
    service: [
      {
        name: "Sample",
        method: Object.entries(methods).map(([name, value]) => ({
          name,
          inputType: ".sample.Empty",
          outputType: ".sample.Empty",
          options: optionsWith(value),
        })),
      },
    ],
  };
  return createFileRegistry(create(FileDescriptorProtoSchema, file), () => undefined);
}

function optionsWith(value: Auth | undefined): MethodOptions {
  const options = create(MethodOptionsSchema);
  if (value !== undefined) setExtension(options, auth, value);
  return options;
}
