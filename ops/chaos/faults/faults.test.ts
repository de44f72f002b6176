import { expect, test } from "vitest";
import { faultNamed, faults, missingFor } from "./faults.ts";

test("faults have names of their own", () => {
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length);
  expect(() => faultNamed("rain")).toThrow("there is no fault rain");
});

test("what would hurt others' engines is left out", () => {
  const left = faults.filter((fault) => missingFor(fault, { engines: undefined }) === "").map(({ name }) => name);
  expect(left).toContain("kill-owner");
  expect(left.filter((name) => /^(nats|cassandra|redis|disk)/.test(name))).toEqual([]);
});
