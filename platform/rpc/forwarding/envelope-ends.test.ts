import fc from "fast-check";
import { expect, test } from "vitest";
import { envelop } from "../protocols/envelopes.ts";
import { EnvelopeEnds } from "./envelope-ends.ts";

test("however a body is cut into pieces, it is known where its envelopes end", () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 600 }), { minLength: 1, maxLength: 5 });
  const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(messages, cuts, (datas, lengths) => {
      const envelopes = datas.map((data) => envelop(0, data));
      const ends = new Set([0]);
      let end = 0;
      for (const { length } of envelopes) {
        end += length;
        ends.add(end);
      }
      const body = Buffer.concat(envelopes);
      const seen = new EnvelopeEnds();
      for (let at = 0, turn = 0; at < body.length; turn++) {
        const length = lengths[turn % lengths.length] ?? 1;
        seen.pass(body.subarray(at, at + length));
        at = Math.min(body.length, at + length);
        expect(seen.isAtEnd).toBe(ends.has(at));
      }
    }),
  );
});
