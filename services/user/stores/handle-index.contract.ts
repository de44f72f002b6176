import { expect, test } from "vitest";
import { userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { HandleIndex } from "./handle-index.ts";

/** What holds of every engine that handles are searched in. */
export function describeHandleIndex(engine: string, open: () => HandleIndex): void {
  const owner = (handle: string) => ({ handle, userId: userId(uuidv7()) });
  const handles = (found: readonly { handle: string }[]) => found.map(({ handle }) => handle);

  test(`${engine}: handles are found by prefix, in order, up to the limit`, async () => {
    const index = open();
    await index.add(["marvin", "mara", "mar", "martin", "max", "arthur"].map(owner));
    expect(handles(await index.find("mar", 10))).toEqual(["mar", "mara", "martin", "marvin"]);
    expect(handles(await index.find("mar", 2))).toEqual(["mar", "mara"]);
    expect(handles(await index.find("ma", 10))).toEqual(["mar", "mara", "martin", "marvin", "max"]);
    expect(await index.find("zz", 10)).toEqual([]);
  });

  test(`${engine}: case does not count, and signs mean themselves`, async () => {
    const index = open();
    await index.add(["Zoe_1", "zoe%x", "zoe.2"].map(owner));
    expect(handles(await index.find("ZOE", 10))).toEqual(["zoe%x", "zoe.2", "zoe_1"]);
    expect(handles(await index.find("zoe_", 10))).toEqual(["zoe_1"]);
    expect(handles(await index.find("zoe%", 10))).toEqual(["zoe%x"]);
  });

  test(`${engine}: a handle keeps its owner`, async () => {
    const index = open();
    const first = owner("trillian");
    await index.add([first]);
    await index.add([first, owner("trillian")]);
    expect(await index.find("trillian", 10)).toEqual([first]);
  });
}
