import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { readConfig } from "#platform/runtime/config.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { openNatsInstallation } from "#platform/runtime/installation-nats.ts";
import { replaceKey, sharedKeys } from "#platform/runtime/shared-keys.ts";
import { describeOnEngines, freshName } from "#platform/testing/engines.ts";
import { openTestNats } from "#platform/testing/nats.ts";
import { replaceSharedKey } from "./replacing-key.ts";
import { type Stack, startStack } from "./testing/stack.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-replacing-key-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function signIn(stack: Stack): Promise<string> {
  const account = { externalId: uuidv7(), displayName: "Ada" };
  const { userIds } = await stack.operator(AuthService).createAccounts({ clientId: uuidv7(), accounts: [account] });
  const device = { id: crypto.randomUUID(), name: "test" };
  const asked = { clientId: uuidv7(), userId: userIds[0] ?? "", device };
  return (await stack.operator(AuthService).issueSession(asked)).session?.accessToken ?? "";
}

const reads = (stack: Stack, token: string) => stack.client(ChatService, { token }).listConversations({});

describeOnEngines("a key of an installation on NATS", ["nats"], ({ nats }) => {
  async function newSettings() {
    const name = freshName();
    const { jetstreamManager } = await openTestNats(1, name);
    onTestFinished(async () => {
      for (const { config } of await jetstreamManager.streams.list().next()) {
        if (config.name.startsWith(`KV_${name}_`)) await jetstreamManager.streams.delete(config.name);
      }
    });
    return {
      PARLEY_DATA: newFolder(),
      PARLEY_LOG: `${nats.url}/${name}?max_bytes=64MiB`,
      PARLEY_NATS_MONITOR: nats.monitors.join(","),
      PARLEY_SHARDS: "1",
      PARLEY_LOG_LEVEL: "silent",
    };
  }
  const start = async (settings: Record<string, string>) => {
    const stack = await startStack(settings);
    onTestFinished(stack.stop);
    return stack;
  };

  test("is replaced once all processes are stopped; what the old one signed counts no more", async () => {
    const settings = await newSettings();
    const key = join(settings.PARLEY_DATA, "keys", "access.key");
    const replace = (name = "access.key") => replaceSharedKey(readConfig(settings), name);
    const old = newFolder();
    const first = await start(settings);
    const token = await signIn(first);
    await reads(first, token);
    await expect(replace()).rejects.toThrow("1 processes of this installation run. Stop all of them first.");
    await first.stop();

    cpSync(join(settings.PARLEY_DATA, "keys"), old, { recursive: true });
    expect(await replace()).toMatch(/has the key in .*access.key already. For a new one, delete that file first/);
    rmSync(key);
    await expect(startStack(settings)).rejects.toThrow("The access.key of this process is not that");
    rmSync(key);
    expect(await replace()).toMatch(/The key in .*access.key is that of the installation now/);
    const second = await start(settings);
    await expect(reads(second, token)).rejects.toThrow("[unauthenticated]");
    await reads(second, await signIn(second));
    await second.stop();
    await expect(startStack({ ...settings, PARLEY_KEYS: old })).rejects.toThrow("The access.key of this process");
    expect(await replaceSharedKey(readConfig({ ...settings, PARLEY_KEYS: old }), "access.key")).toContain("now");
    await expect(startStack(settings)).rejects.toThrow("The access.key of this process");
  }, 60_000);

  test("is none where no process has had one of that name, and none is made", async () => {
    const folder = newFolder();
    const { fingerprints } = await openNatsInstallation(await openTestNats(1));
    const config = { keysDir: folder, peerKeyFile: join(folder, "peer.key") };
    await sharedKeys(config, fingerprints);
    const before = readdirSync(folder);
    for (const name of ["shards", "installation", "other.key", "access.key", "../seal.key", ""]) {
      await expect(replaceKey(config, fingerprints, name)).rejects.toThrow(`share no key "${name}"`);
    }
    expect(readdirSync(folder)).toEqual(before);
    for (const name of ["peer.key", "seal.key"]) {
      expect(await replaceKey(config, fingerprints, name)).toContain("already");
    }
  });

  test("can't be replaced where there is no installation", async () => {
    const asked = replaceSharedKey(readConfig(await newSettings()), "access.key");
    await expect(asked).rejects.toThrow("leads to no installation");
  });
});

test("the key of one process on files is replaced without a command", async () => {
  const asked = replaceSharedKey(readConfig({ PARLEY_DATA: newFolder() }), "access.key");
  await expect(asked).rejects.toThrow(/stop it, delete access.key in .*, and start it/);
});
