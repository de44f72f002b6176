import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { describeStorage } from "../storage.contract.ts";
import { openFileStorage } from "./storage-file.ts";

describeStorage("a file", () => openFileStorage(freshPath()));

describe("storage on a file", () => {
  it("keeps what was written for the next process, and shares it with others", async () => {
    const path = freshPath();
    const first = openFileStorage(path);
    await first.write([{ key: "a", value: "1" }]);
    const second = openFileStorage(path);
    expect(await second.get("a")).toBe("1");
    await second.write([{ key: "a", value: "2" }]);
    expect(await first.get("a")).toBe("2");
    await Promise.all([first.close(), second.close()]);
    const third = openFileStorage(path);
    expect(await third.get("a")).toBe("2");
    await third.close();
  });

  it("holds all of a write or none of it", async () => {
    const storage = openFileStorage(freshPath());
    const change = (key: string, value: unknown) => ({ key, value: value as string });
    await expect(storage.write([change("a", "1"), change("b", {})])).rejects.toThrow();
    expect(await storage.list("")).toEqual([]);
    await storage.write([change("a", "2")]);
    expect(await storage.get("a")).toBe("2");
    await storage.close();
  });

  it("is readable by its owner alone", async () => {
    const path = freshPath();
    const storage = openFileStorage(path);
    await storage.write([{ key: "session", value: "secret" }]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600);
    await storage.close();
  });
});

function freshPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-storage-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "profile", "client.db");
}
