import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Boot, ModuleDefinition } from "#platform/runtime/module.ts";
import { modules, storeMigrations } from "./modules.ts";
import { startStack } from "./testing/stack.ts";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "parley-starting-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

/** A module that writes down what happens to it. */
function noting(notes: string[], name: string, needs: string[] = [], fails?: "start" | "stop"): ModuleDefinition {
  const note = (what: string) => {
    notes.push(`${what} ${name}`);
    if (what === fails) throw new Error(`${name} fails to ${what}`);
  };
  return {
    name,
    needs,
    async start() {
      note("start");
      return { drain: async () => note("drain"), stop: async () => note("stop") };
    },
  };
}

const parts = (...definitions: ModuleDefinition[]) => ({
  modules: definitions,
  storeMigrations: { sqlite: [], cql: [] },
});

test("modules start in the order of their needs, drain, and stop in reverse, once", async () => {
  const notes: string[] = [];
  const stack = await startStack({}, parts(noting(notes, "chat", ["user"]), noting(notes, "user")));
  await Promise.all([stack.stop(), stack.stop()]);
  expect(notes).toEqual(["start user", "start chat", "drain user", "drain chat", "stop chat", "stop user"]);
});

test("where a module fails to start, the others are stopped and the data is free again", async () => {
  const notes: string[] = [];
  const failing = parts(noting(notes, "user"), noting(notes, "chat", ["user"], "start"));
  await expect(startStack({ PARLEY_DATA: dataDir }, failing)).rejects.toThrow("chat fails to start");
  expect(notes).toEqual(["start user", "start chat", "stop user"]);
  await (await startStack({ PARLEY_DATA: dataDir }, parts())).stop();
});

test("a data folder that is made is its owner's alone: what people say and their keys are in it", async () => {
  const [data, log] = [join(dataDir, "data"), join(dataDir, "elsewhere", "log.db")];
  await (await startStack({ PARLEY_DATA: data, PARLEY_LOG: `sqlite:${log}` }, parts())).stop();
  for (const folder of [data, dirname(log)]) expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test("a module that fails to stop keeps no other from stopping", async () => {
  const notes: string[] = [];
  const failing = parts(noting(notes, "user"), noting(notes, "chat", ["user"], "stop"));
  await (await startStack({}, failing)).stop();
  expect(notes).toContain("stop user");
});

test("the signal of the server aborts before modules drain", async () => {
  let boot: Boot | undefined;
  let aborted: boolean | undefined;
  const watching: ModuleDefinition = {
    name: "watching",
    needs: [],
    async start(given) {
      boot = given;
      return {
        drain: async () => {
          aborted = boot?.signal.aborted;
        },
        stop: async () => {},
      };
    },
  };
  await (await startStack({}, parts(watching))).stop();
  expect(aborted).toBe(true);
});

test("every module starts with those it needs alone, and stops twice", async () => {
  const needed = (name: string): string[] => {
    const definition = modules.find((module) => module.name === name);
    return [name, ...(definition?.needs.flatMap(needed) ?? [])];
  };
  for (const { name } of modules) {
    const names = new Set(needed(name));
    const stack = await startStack(
      {},
      { modules: modules.filter((module) => names.has(module.name)), storeMigrations },
    );
    await stack.stop();
    await stack.stop();
  }
});

test("shards stay though a later start names fewer", async () => {
  await (await startStack({ PARLEY_DATA: dataDir, PARLEY_SHARDS: "3" })).stop();
  const stack = await startStack({ PARLEY_DATA: dataDir, PARLEY_SHARDS: "2" });
  expect(stack.boot.following.shards).toBe(3);
  await stack.stop();
});

test("data of another installation is refused", async () => {
  const other = mkdtempSync(join(tmpdir(), "parley-starting-"));
  for (const dir of [dataDir, other]) await (await startStack({ PARLEY_DATA: dir }, parts())).stop();
  const mixed = startStack({ PARLEY_DATA: dataDir, PARLEY_LOG: `sqlite:${join(other, "log.db")}` }, parts());
  await expect(mixed).rejects.toThrow("different installations");
  rmSync(other, { recursive: true });
});
