import fc from "fast-check";
import { expect, test } from "vitest";
import { createSealer } from "#platform/runtime/sealing.ts";
import { identityOf } from "../testing/reader.ts";
import { createPositionSealer, openCursor, sealCursor } from "./resume-token.ts";

const sealer = createSealer(new Uint8Array(32));
const holder = identityOf("ann", "phone");

const cursor = fc.record({
  time: fc.nat({ max: 2 ** 42 }),
  shards: fc.array(
    fc.record({ position: fc.nat({ max: 2 ** 42 - 1 }), incarnation: fc.integer({ min: 1, max: 2 ** 20 - 1 }) }),
    { maxLength: 64 },
  ),
});

test("what is sealed is opened by its holder and by nobody else", () => {
  fc.assert(
    fc.property(cursor, (cursor) => {
      const token = sealCursor(sealer, holder, cursor);
      expect(openCursor(sealer, holder, token)).toEqual(cursor);
      expect(openCursor(sealer, identityOf("ann", "laptop"), token)).toBeUndefined();
      expect(openCursor(sealer, identityOf("ben", "phone"), token)).toBeUndefined();
      expect(openCursor(createSealer(new Uint8Array(32).fill(1)), holder, token)).toBeUndefined();
    }),
  );
});

test("no change of a token goes unnoticed, and nothing else opens", () => {
  const token = sealCursor(sealer, holder, { time: 1, shards: [{ position: 1, incarnation: 1 }] });
  const bytes = Buffer.from(token, "base64url");
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, mask) => {
      const changed = Uint8Array.from(bytes, (byte, index) => (index === at ? byte ^ mask : byte));
      expect(openCursor(sealer, holder, Buffer.from(changed).toString("base64url"))).toBeUndefined();
    }),
  );
  const opens = (text: string) => openCursor(sealer, holder, text) !== undefined;
  fc.assert(fc.property(fc.string(), (text) => !opens(text)));
});

test("a token of the largest installation fits into the field", () => {
  const shards = Array.from({ length: 1024 }, () => ({ position: 2 ** 28 - 1, incarnation: 100 }));
  expect(sealCursor(sealer, holder, { time: Date.now(), shards }).length).toBeLessThan(8192);
});

test("positions are sealed as they are, however often the same were sealed before", () => {
  let time = 1;
  const seal = createPositionSealer(sealer, 3, () => time);
  const shared = [1, 2];
  const holders = [holder, identityOf("ann", "laptop")];
  for (const positions of [shared, shared, [1, 5], shared]) {
    time += positions === shared ? 0 : 1;
    for (const each of holders) {
      const shards = positions.map((position) => ({ position, incarnation: 3 }));
      expect(openCursor(sealer, each, seal(each, positions))).toEqual({ time, shards });
    }
  }
});
