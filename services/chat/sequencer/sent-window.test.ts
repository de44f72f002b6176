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
        else if (all.size <= windowSize || number > Math.min(...largest)) expect(answer).toBe("new");
        else if (all.has(number)) expect(answer).toBe("look-up");
        if (answer === "new") expect(all.has(number)).toBe(false);
      }
    }),
  );
});

test("a window rebuilt from some of the largest stored ids and the unprojected ones never takes an old one for new", () => {
  const script = fc.array(idNumber, { maxLength: 600, size: "max" });
  fc.assert(
    fc.property(script, fc.nat(600), fc.nat(30), fc.nat(100), script, (added, cut, overlap, read, later) => {
      const stored = [...new Set(added.slice(0, cut))].sort((a, b) => b - a);
      const largest = stored.slice(0, read);
      const floor = largest.length < stored.length ? sentId(largest.at(-1) ?? 1_001).clientId : "";
      const tail = added.slice(Math.max(0, cut - overlap));
      const window = new SentWindow([...largest, ...tail].map(sentId), floor);
      for (const number of later) window.add(sentId(number));
      const all = new Set([...stored, ...tail, ...later]);
      for (let number = 0; number <= 1_000; number++) {
        const answer = window.check(sentId(number).clientId);
        if (typeof answer === "object") expect(answer).toEqual(sentId(number));
        else if (all.has(number)) expect(answer).toBe("look-up");
      }
      expect(window.size).toBeLessThanOrEqual(windowSize);
    }),
  );
});
