import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createSealer } from "./sealing.ts";

const sealer = createSealer(randomBytes(32));
const binding = { purpose: "resume", holder: ["marvin", "phone"] } as const;

test("what is sealed opens for whom it was sealed, and for nobody else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (content) => {
      const token = sealer.seal(binding, content);
      expect(sealer.open(binding, token)).toEqual(Buffer.from(content));
      expect(sealer.open({ ...binding, purpose: "page" }, token)).toBeUndefined();
      expect(sealer.open({ ...binding, holder: ["marvin phone"] }, token)).toBeUndefined();
      expect(createSealer(randomBytes(32)).open(binding, token)).toBeUndefined();
    }),
  );
});

test("a token of which any byte is changed or missing does not open", () => {
  const token = Buffer.from(sealer.seal(binding, Buffer.from("content")), "base64url");
  for (let at = 0; at < token.length; at++) {
    const changed = Buffer.from(token);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(sealer.open(binding, changed.toString("base64url"))).toBeUndefined();
    expect(sealer.open(binding, token.subarray(0, at).toString("base64url"))).toBeUndefined();
  }
});

test("no nonce comes twice", () => {
  const count = 2000;
  const nonces = Array.from({ length: count }, () => sealer.seal(binding, Buffer.from("x")).slice(0, 16));
  expect(new Set(nonces).size).toBe(count);
});
