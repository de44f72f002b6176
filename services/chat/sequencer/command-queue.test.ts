import fc from "fast-check";
import { expect, test } from "vitest";
import { conversationId } from "#platform/runtime/ids.ts";
import { CommandQueue, maxWaitingBytes, maxWaitingCommands, type Queued } from "./command-queue.ts";

interface Item extends Queued {
  readonly number: number;
}

const ids = ["a", "b", "c"].map(conversationId);
const itemOf = (number: number, of: number): Item => ({
  conversationId: ids[of] ?? conversationId("z"),
  size: 1,
  number,
});
const numbers = (items: readonly Item[]) => items.map(({ number }) => number);

test("commands are taken one of each conversation a turn", () => {
  const queue = new CommandQueue<Item>();
  for (const [number, of] of [0, 0, 0, 0, 1, 1, 2].entries()) queue.push(itemOf(number, of));
  expect(numbers(queue.take(4))).toEqual([0, 4, 6, 1]);
  queue.push(itemOf(7, 2));
  expect(numbers(queue.take(100))).toEqual([5, 2, 7, 3]);
  expect([queue.length, queue.take(1)]).toEqual([0, []]);
});

test("each command is taken once and those of a conversation in their order, whatever is put back", () => {
  const steps = fc.array(fc.tuple(fc.nat(2), fc.nat(5), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 60 });
  fc.assert(
    fc.property(steps, (script) => {
      const queue = new CommandQueue<Item>();
      const done: Item[] = [];
      for (const [number, [of, count, share]] of script.entries()) {
        queue.push(itemOf(number, of));
        const taken = queue.take(count);
        const kept = Math.floor(taken.length * share);
        done.push(...taken.slice(0, kept));
        queue.putBack(taken.slice(kept));
        expect(queue.length).toBe(number + 1 - done.length);
      }
      done.push(...queue.take(1000));
      expect(numbers(done).sort((a, b) => a - b)).toEqual(script.map((_, number) => number));
      for (const id of ids) {
        const own = numbers(done.filter((item) => item.conversationId === id));
        expect(own).toEqual([...own].sort((a, b) => a - b));
      }
      expect(queue.hasRoom([{ size: maxWaitingBytes }])).toBe(true);
    }),
  );
});

test("there is room for so many commands and bytes, and what is taken makes room again", () => {
  const queue = new CommandQueue<Item>();
  expect(queue.hasRoom([{ size: maxWaitingBytes }])).toBe(true);
  expect(queue.hasRoom([{ size: maxWaitingBytes }, { size: 1 }])).toBe(false);
  expect(queue.hasRoom(Array(maxWaitingCommands).fill({ size: 0 }))).toBe(true);
  queue.push({ ...itemOf(0, 0), size: 10 });
  expect(queue.hasRoom([{ size: maxWaitingBytes - 9 }])).toBe(false);
  expect(queue.hasRoom(Array(maxWaitingCommands).fill({ size: 0 }))).toBe(false);
  queue.take(1);
  expect(queue.hasRoom([{ size: maxWaitingBytes }])).toBe(true);
});
