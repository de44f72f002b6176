import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sessionId, userId } from "#platform/runtime/ids.ts";
import { createRefreshTokens } from "./refresh-token.ts";

const tokens = createRefreshTokens(randomBytes(32));
const grants = fc.record({
  userId: fc.uuid().map(userId),
  sessionId: fc.uuid().map(sessionId),
  generation: fc.integer({ min: 1, max: 0xffff_ffff }),
});

test("a token reads as its grant, is made the same again and fits its field", () => {
  fc.assert(
    fc.property(grants, (grant) => {
      const token = tokens.make(grant);
      expect(tokens.read(token)).toEqual(grant);
      expect(tokens.make(grant)).toBe(token);
      expect(token.length).toBeLessThan(512);
    }),
  );
});

test("a token that is changed anywhere, or made under another key, is none", () => {
  const others = createRefreshTokens(randomBytes(32));
  fc.assert(
    fc.property(grants, fc.nat(), fc.integer({ min: 1, max: 255 }), (grant, place, change) => {
      const bytes = Buffer.from(tokens.make(grant).slice(4), "base64url");
      const index = place % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ change;
      expect(tokens.read(`prt_${bytes.toString("base64url")}`)).toBeUndefined();
      expect(tokens.read(others.make(grant))).toBeUndefined();
    }),
  );
});

test("garbage is no token", () => {
  for (const text of ["", "prt_", "prt_AAAA", "x".repeat(512), tokens.make.name]) {
    expect(tokens.read(text)).toBeUndefined();
  }
});
