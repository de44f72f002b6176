import { createMemoryStorage } from "@parley/sdk";
import { expect, it } from "vitest";
import { maxAddresses, openAddresses } from "./addresses.ts";

it("remembers the names that were learned last, each user's apart", async () => {
  const storage = createMemoryStorage();
  const addresses = openAddresses(storage, "marvin");
  for (let n = 0; n <= maxAddresses; n++) await addresses.keep(`Name ${n}`, `id ${n}`);
  expect(await addresses.find("name 0")).toBeUndefined();
  expect(await addresses.find("name 1")).toBe("id 1");
  await addresses.keep("NAME 1", "another");
  expect(await openAddresses(storage, "marvin").find("Name 1")).toBe("another");
  expect(await addresses.find("name 2")).toBe("id 2");
  expect(await openAddresses(storage, "trillian").find("name 1")).toBeUndefined();
});
