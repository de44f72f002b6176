import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { expect, test } from "vitest";
import { SendMessageRequestSchema } from "#gen/parley/chat/v1/chat_pb.js";
import { envelop } from "../protocols/envelopes.ts";
import { readRequestField } from "./request-field.ts";

const field = SendMessageRequestSchema.field.conversationId;
const inEnvelope = ["application/grpc", "application/grpc+proto", "application/grpc-web+proto"];
const types = ["application/proto", ...inEnvelope, "application/json", "application/grpc+json", "text/plain"];

const framed = (type: string, message: Uint8Array) =>
  inEnvelope.includes(type) ? envelop(0, message) : Buffer.from(message);
const read = (type: string, body: Buffer, headers: Record<string, string> = {}) =>
  readRequestField(field, { headers: { "content-type": type, ...headers } }, body);

/** Writes a field that the contract does not know, or one of its own again. */
const written = fc
  .record({
    number: fc.integer({ min: 1, max: 2 ** 29 - 1 }).filter((number) => number !== field.number),
    value: fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array({ maxLength: 300 }), fc.double()),
    isGroup: fc.boolean(),
  })
  .map(({ number, value, isGroup }) => {
    const writer = new BinaryWriter();
    if (isGroup) writer.tag(number, WireType.StartGroup).tag(field.number, WireType.Varint).uint32(7);
    if (typeof value === "bigint") writer.tag(number, WireType.Varint).uint64(value);
    else if (typeof value === "number") writer.tag(number, WireType.Bit64).double(value);
    else writer.tag(number, WireType.LengthDelimited).bytes(value);
    if (isGroup) writer.tag(number, WireType.EndGroup);
    return writer.finish();
  });

const message = fc
  .tuple(fc.string(), fc.string({ unit: "grapheme", minLength: 1 }), fc.string(), fc.array(written), fc.array(written))
  .map(([clientId, conversationId, text, before, after]) => {
    const known = toBinary(
      SendMessageRequestSchema,
      create(SendMessageRequestSchema, { clientId, conversationId, content: { text } }),
    );
    return { conversationId, bytes: Buffer.concat([...before, known, ...after]) };
  });

test("the field is found in any binary request, whatever stands beside it", () => {
  fc.assert(
    fc.property(message, fc.constantFrom("application/proto", ...inEnvelope), ({ conversationId, bytes }, type) => {
      expect(read(type, framed(type, bytes))).toBe(conversationId);
    }),
  );
});

test("bytes that are no request, or a part of one, never throw", () => {
  const cut = fc.tuple(message, fc.nat()).map(([{ bytes }, at]) => bytes.subarray(0, at % (bytes.length + 1)));
  const hostile = fc.oneof(fc.uint8Array(), cut);
  fc.assert(
    fc.property(hostile, fc.constantFrom(...types), fc.boolean(), (bytes, type, isFramed) => {
      read(type, isFramed ? framed(type, bytes) : Buffer.from(bytes));
    }),
    { numRuns: 1_000 },
  );
});

test("what is not there, or not plain to see, is not found", () => {
  const whole = toBinary(SendMessageRequestSchema, create(SendMessageRequestSchema, { conversationId: "somewhere" }));
  const proto = "application/proto";
  expect(read(proto, Buffer.from(whole))).toBe("somewhere");
  expect(read(proto, Buffer.from(whole), { "content-encoding": "identity" })).toBe("somewhere");
  expect(read(proto, Buffer.from(whole), { "content-encoding": "gzip" })).toBeUndefined();
  expect(read(proto, Buffer.alloc(0))).toBeUndefined();
  expect(read("application/json", Buffer.from('{"conversationId":"somewhere"}'))).toBeUndefined();
  expect(read("application/grpc", envelop(1, whole))).toBeUndefined();
  expect(read("application/grpc", Buffer.concat([envelop(0, whole), envelop(0, whole)]))).toBeUndefined();
  expect(read("application/grpc", envelop(0, whole).subarray(0, -1))).toBeUndefined();
  const number = new BinaryWriter().tag(field.number, WireType.Varint).uint32(7).finish();
  expect(read(proto, Buffer.from(number))).toBeUndefined();
});
