import { expect, test } from "vitest";
import { platformErrors } from "#platform/rpc/errors.ts";
import { createTurns } from "./turns.ts";

const { signal: staying } = new AbortController();

/** Tasks that end when the test says so. */
function heldTasks(limits: { readonly atOnce: number; readonly most: number }) {
  const turns = createTurns(limits);
  const begun: { readonly name: string; end(error?: Error): void }[] = [];
  const run = (name: string, signal = staying) =>
    turns(
      () =>
        new Promise<string>((resolve, reject) => {
          begun.push({ name, end: (error) => (error ? reject(error) : resolve(name)) });
        }),
      signal,
    );
  return { begun, run, names: () => begun.map(({ name }) => name).join("") };
}

test("so many run at once; others follow in the order they came, also after one that failed", async () => {
  const { begun, run, names } = heldTasks({ atOnce: 2, most: 5 });
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => run(name));
  expect(names()).toBe("ab");
  begun[1]?.end(new Error("failed"));
  await expect(b).rejects.toThrow("failed");
  const e = run("e");
  expect(names()).toBe("abc");
  begun[0]?.end();
  await a;
  expect(names()).toBe("abcd");
  begun[2]?.end();
  begun[3]?.end();
  await Promise.all([c, d]);
  begun[4]?.end();
  expect([names(), await e]).toEqual(["abcde", "e"]);
});

test("tasks beyond the limit are refused until others have run", async () => {
  const { begun, run } = heldTasks({ atOnce: 1, most: 2 });
  const [first, second] = [run("a"), run("b")];
  await expect(run("c")).rejects.toMatchObject({ reason: platformErrors.PEER_UNREACHABLE.reason });
  begun[0]?.end();
  await first;
  const third = run("d");
  begun[1]?.end();
  await second;
  begun[2]?.end();
  expect(await third).toBe("d");
});

test("who leaves gives up its place, and never runs", async () => {
  const { begun, run, names } = heldTasks({ atOnce: 1, most: 3 });
  const leaving = new AbortController();
  const [first, second, third] = [run("a"), run("b", leaving.signal), run("c")];
  leaving.abort(new Error("gone"));
  await expect(second).rejects.toThrow("gone");
  await expect(run("d", leaving.signal)).rejects.toThrow("gone");
  const fourth = run("e");
  for (const [index, done] of [first, third, fourth].entries()) {
    begun[index]?.end();
    await done;
  }
  expect(names()).toBe("ace");
});
