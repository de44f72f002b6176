import fc from "fast-check";
import { expect, test } from "vitest";
import { envelope, splitEnvelopes } from "./wire.ts";

test("messages come out whole, however the stream was cut", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 10 });
  fc.assert(
    fc.property(messages, fc.array(fc.nat(400), { maxLength: 10 }), (sent, cuts) => {
      const bytes = Buffer.concat(sent.map((message) => envelope(message)));
      const got: Buffer[] = [];
      const split = splitEnvelopes((_, message) => got.push(Buffer.from(message)));
      const edges = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      for (const [index, edge] of edges.slice(1).entries()) split(bytes.subarray(edges[index], edge));
      expect(got).toEqual(sent.map((message) => Buffer.from(message)));
    }),
  );
});
