import { expect, test } from "vitest";
import { useCqlStore } from "#platform/testing/store.ts";
import { createCqlInstallation } from "./installation-cql.ts";

const session = useCqlStore(`${import.meta.dirname}/migrations/cql`);

test("the row changes only as whoever changes it has read it", async () => {
  const row = createCqlInstallation(session());
  expect(await row.read()).toBeUndefined();
  expect(await row.replace({ id: "a", incarnation: 0 }, { id: "a", incarnation: 1 })).toBe(false);
  const makers = ["a", "b", "c"].map((id) => row.replace(undefined, { id, incarnation: 0 }));
  expect((await Promise.all(makers)).filter((made) => made)).toHaveLength(1);
  const made = await row.read();
  if (!made) throw new Error("nobody made it");
  expect(await row.replace(undefined, { id: "d", incarnation: 0 })).toBe(false);
  expect(await row.replace({ ...made, id: "d" }, { ...made, incarnation: 1 })).toBe(false);
  expect(await row.replace(made, { ...made, incarnation: 1 })).toBe(true);
  expect(await row.replace(made, { ...made, incarnation: 2 })).toBe(false);
  expect(await row.read()).toEqual({ ...made, incarnation: 1 });
});
