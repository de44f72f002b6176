import fc from "fast-check";
import { expect, test } from "vitest";
import { envelop, envelopeBytes } from "../protocols/envelopes.ts";
import { WholeEnvelopes } from "./whole-envelopes.ts";

const envelopes = fc.array(
  fc.tuple(fc.constantFrom(0, 1, 2), fc.uint8Array({ maxLength: 300 })).map(([flags, data]) => envelop(flags, data)),
);

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

function isWhole(bytes: Buffer): boolean {
  let at = 0;
  while (at + envelopeBytes <= bytes.length) at += envelopeBytes + bytes.readUInt32BE(at + 1);
  return at === bytes.length;
}

test("however a body is cut, what comes out is the same, in messages that are whole and as early as they can be", () => {
  const cuts = fc.array(fc.nat(10_000));
  fc.assert(
    fc.property(envelopes, cuts, (all, cuts) => {
      const body = Buffer.concat(all);
      const whole = new WholeEnvelopes();
      let [taken, given] = [0, 0];
      for (const piece of pieces(body, cuts)) {
        const message = Buffer.from(whole.take(piece) ?? []);
        taken += piece.length;
        expect(isWhole(message)).toBe(true);
        expect(message.equals(body.subarray(given, given + message.length))).toBe(true);
        given += message.length;
        expect(given).toBe(lastEndWithin(all, taken));
      }
      expect(given).toBe(body.length);
    }),
  );
});

function lastEndWithin(all: readonly Buffer[], bytes: number): number {
  let end = 0;
  for (const { length } of all) {
    if (end + length > bytes) break;
    end += length;
  }
  return end;
}

test("what is whole is not copied", () => {
  const bytes = Buffer.concat([envelop(0, Buffer.from("a")), envelop(0, Buffer.from("b"))]);
  expect(new WholeEnvelopes().take(bytes)).toBe(bytes);
});
