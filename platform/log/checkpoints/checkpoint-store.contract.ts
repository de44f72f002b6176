import { describe, expect, test } from "vitest";
import type { Checkpoint, CheckpointStore } from "./checkpoint-store.ts";

/** What holds of every engine that keeps checkpoints. */
export function describeCheckpoints(engine: string, open: () => CheckpointStore): void {
  const at = (incarnation: number, position: number): Checkpoint => ({
    incarnation,
    position,
    entryHash: new Uint8Array(32).fill(position),
  });

  describe(`checkpoints on ${engine}`, () => {
    test("each consumer has one of each shard, and none before it wrote one", async () => {
      const store = open();
      await store.write("one", 0, at(1, 5));
      expect(await store.read("one", 0)).toEqual(at(1, 5));
      expect(await store.read("one", 1)).toBeUndefined();
      expect(await store.read("another", 0)).toBeUndefined();
    });

    test("a late or repeated write changes nothing; a later life of the log goes on from any position", async () => {
      const store = open();
      await store.write("late", 0, at(1, 5));
      for (const late of [at(1, 4), at(1, 5)]) await store.write("late", 0, late);
      expect(await store.read("late", 0)).toEqual(at(1, 5));
      await store.write("late", 0, at(2, 3));
      await store.write("late", 0, at(1, 9));
      expect(await store.read("late", 0)).toEqual(at(2, 3));
    });

    test("a consumer is registered by its first checkpoint, once for all shards", async () => {
      const store = open();
      for (const shard of [0, 1, 7]) await store.write("registered", shard, at(1, 1));
      await store.write("registered too", 3, at(1, 1));
      const names = await store.consumers();
      expect(names.filter((name) => name.startsWith("registered")).sort()).toEqual(["registered", "registered too"]);
    });
  });
}
