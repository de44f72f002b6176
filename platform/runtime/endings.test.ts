import { expect, test } from "vitest";
import { createEndings } from "./endings.ts";

test("what was started last ends first, each once", async () => {
  const ended: string[] = [];
  const endings = createEndings();
  for (const name of ["lock", "engines", "port"]) endings.push(() => void ended.push(name));
  await Promise.all([endings.run(), endings.run()]);
  expect(ended).toEqual(["port", "engines", "lock"]);
});

test("one that fails keeps no other from its turn", async () => {
  const ended: string[] = [];
  const endings = createEndings();
  endings.push(() => void ended.push("lock"));
  endings.push(async () => {
    throw new Error("stuck");
  });
  await expect(endings.run()).rejects.toThrow("stuck");
  expect(ended).toEqual(["lock"]);
});
