import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compressFromBytes } from "../protocols/compressions.ts";
import { envelopeBytes } from "../protocols/envelopes.ts";
import { formOf, SharedEnvelope } from "./shared-envelope.ts";

/** What a client reads out of an envelope that it takes to be the only one. */
function read(envelope: Buffer): Buffer {
  expect(envelope.readUInt32BE(1)).toBe(envelope.length - envelopeBytes);
  const data = envelope.subarray(envelopeBytes);
  return envelope[0] === 1 ? gunzipSync(data) : data;
}

const codecs = ["binary", "json"] as const;

test("whatever a sink takes, it reads the message, encoded for its codec", () => {
  const message = fc.record({ binary: fc.uint8Array({ maxLength: 3000 }), json: fc.uint8Array({ maxLength: 3000 }) });
  const property = fc.property(message, (encoded) => {
    const envelope = new SharedEnvelope((codec) => encoded[codec]);
    for (const codec of codecs) {
      for (const takesGzip of [false, true]) {
        expect(read(envelope.in(formOf({ codec, takesGzip })))).toEqual(Buffer.from(encoded[codec]));
      }
    }
  });
  fc.assert(property);
});

test("each form is made once, and only where somebody takes it", () => {
  const encoded: string[] = [];
  const envelope = new SharedEnvelope((codec) => {
    encoded.push(codec);
    return Buffer.alloc(compressFromBytes);
  });
  const zipped = envelope.in("binary, gzip");
  expect(envelope.in("binary, gzip")).toBe(zipped);
  expect(envelope.in("binary")).toBe(envelope.in("binary"));
  expect(encoded).toEqual(["binary"]);
});

test("what is short is not compressed: it is the same buffer for those who take gzip and those who do not", () => {
  const of = (bytes: number) => new SharedEnvelope(() => Buffer.alloc(bytes));
  const [short, long] = [of(compressFromBytes - 1), of(compressFromBytes)];
  expect(short.in("json, gzip")).toBe(short.in("json"));
  expect([long.in("json")[0], long.in("json, gzip")[0]]).toEqual([0, 1]);
});
