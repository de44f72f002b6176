import fc from "fast-check";
import { expect, test } from "vitest";
import { clientId } from "#platform/runtime/ids.ts";
import type { SentId } from "../stores/idempotence-store.ts";
import { SentWindow, windowSize } from "./sent-window.ts";

const sentId = (number: number): SentId => ({
  clientId: clientId(String(number).padStart(4, "0")),
  seq: number,
  messageCount: number,
  timeMs: 0,
  contentHash: new Uint8Array(),
});
const idNumber = fc.nat(1_000);

test("a window answers as a set of all committed ids would, or says to look it up", () => {
  fc.assert(
    fc.property(fc.array(idNumber, { maxLength: 600, size: "max" }), fc.array(idNumber), (added, asked) => {
      const window = new SentWindow();
      for (const number of added) window.add(sentId(number));
      const all = new Set(added);
      const largest = [...all].sort((a, b) => b - a).slice(0, windowSize);
      for (const number of [...asked, ...added]) {
        const answer = window.check(sentId(number).clientId);
        if (largest.includes(number)) expect(answer).toEqual(sentId(number));
        else if (all.size < windowSize || number > Math.min(...largest)) expect(answer).toBe("new");
        else expect(answer).toBe("look-up");
        if (answer === "new") expect(all.has(number)).toBe(false);
      }
    }),
  );
});

test("a window rebuilt from the largest stored ids and the unprojected ones is the window that was", () => {
  fc.assert(
    fc.property(fc.array(idNumber, { maxLength: 600, size: "max" }), fc.nat(600), fc.nat(30), (added, cut, overlap) => {
      const stored = [...new Set(added.slice(0, cut))].sort((a, b) => b - a).slice(0, windowSize);
      const tail = added.slice(Math.max(0, cut - overlap));
      const rebuilt = new SentWindow([...stored, ...tail].map(sentId));
      const lived = new SentWindow(added.map(sentId));
      for (let number = 0; number <= 1_000; number++) {
        expect(rebuilt.check(sentId(number).clientId)).toEqual(lived.check(sentId(number).clientId));
      }
    }),
  );
});
