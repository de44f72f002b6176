import { describe, expect, it, onTestFinished } from "vitest";
import type { Storage } from "./storage.ts";

/** What every storage holds to. `open` makes an empty one. */
export function describeStorage(engine: string, open: () => Storage): void {
  const start = () => {
    const storage = open();
    onTestFinished(() => storage.close());
    return storage;
  };

  describe(`storage on ${engine}`, () => {
    it("returns nothing for a key that was never written", async () => {
      const storage = start();
      expect(await storage.get("a")).toBeUndefined();
      expect(await storage.list("")).toEqual([]);
    });

    it("makes all changes of a write, and the last write of a key stands", async () => {
      const storage = start();
      await storage.write([
        { key: "a", value: "1" },
        { key: "b", value: "2" },
      ]);
      await Promise.all([
        storage.write([{ key: "a", value: "3" }]),
        storage.write([
          { key: "a", value: "4" },
          { key: "b", value: undefined },
        ]),
      ]);
      expect(await storage.list("")).toEqual([["a", "4"]]);
    });

    it("lists by prefix in the order of keys", async () => {
      const storage = start();
      const keys = ["x/b", "x/a", "xa", "y/c", "x/ü"];
      await storage.write(keys.map((key) => ({ key, value: key.toUpperCase() })));
      expect(await storage.list("x/")).toEqual([
        ["x/a", "X/A"],
        ["x/b", "X/B"],
        ["x/ü", "X/Ü"],
      ]);
    });

    it("closes twice without harm", async () => {
      const storage = open();
      await storage.write([{ key: "a", value: "1" }]);
      await Promise.all([storage.close(), storage.close()]);
    });
  });
}
