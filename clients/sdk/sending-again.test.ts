import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { toJsonString } from "@bufbuild/protobuf";
import { expect, it, onTestFinished } from "vitest";
import { readConfig } from "../../platform/runtime/config.ts";
import { until } from "../../platform/testing/until.ts";
import { restoreBackup } from "../../services/backup/restore.ts";
import { recoverInstallation } from "../../services/recovering.ts";
import { type Stack, startStack } from "../../services/testing/stack.ts";
import { createClientIds } from "./client-ids.ts";
import { BackupService, ManifestSchema } from "./contract.ts";
import type { Parley } from "./parley.ts";
import { openDevice, password, storagePath } from "./testing/devices.ts";
import { listen } from "./testing/listener.ts";

/** A server whose data can be put back to what it was, while clients keep calling the same address. */
async function startAnew(folder: string, data: string, before?: Stack): Promise<Stack> {
  const listening = before ? { PARLEY_LISTEN: new URL(before.url).host } : {};
  const stack = await startStack({ PARLEY_DATA: join(folder, data), ...listening });
  onTestFinished(() => stack.stop());
  return stack;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parley-again-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function backUp(stack: Stack, target: string): Promise<void> {
  const token = readFileSync(join(stack.dataDir, "keys", "operator.key"), "utf8").trim();
  let path = "";
  for await (const { part } of stack.client(BackupService, { token }).createBackup({ clientId: createClientIds()() })) {
    if (part.case === "file") {
      path = join(target, part.value.path);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, "");
    } else if (part.case === "data") writeFileSync(path, part.value, { flag: "a" });
    else if (part.value) writeFileSync(join(target, "manifest.json"), toJsonString(ManifestSchema, part.value));
  }
}

async function people(url: string, handles: readonly string[]) {
  const paths = handles.map(() => storagePath());
  const devices = await Promise.all(paths.map((path) => openDevice(url, path)));
  for (const [index, device] of devices.entries()) await device.register({ handle: handles[index] ?? "", password });
  const [first] = devices;
  const memberIds = devices.slice(1).map((device) => device.session?.userId ?? "");
  const { conversationId = "" } = (await first?.conversations.createGroup({ name: "Bridge", memberIds })) ?? {};
  return { devices, paths, conversationId };
}

/** Says so many things at once and waits until all are acknowledged. */
async function say(device: Parley, conversationId: string, what: string, times: number): Promise<string[]> {
  const texts = Array.from({ length: times }, (_, index) => `${what} ${index}`);
  await Promise.all(texts.map((text) => device.send(conversationId, { text })));
  return texts;
}

async function historyOf(device: Parley | undefined, conversationId: string): Promise<string[]> {
  const messages = (await device?.conversations.history(conversationId, { limit: 1_000 })) ?? [];
  return messages.map(({ content }) => content?.text ?? "");
}

it("brings back what was acknowledged after a backup that is restored, each message once", async () => {
  const folder = newFolder();
  const first = await startAnew(folder, "data");
  const { devices, paths, conversationId } = await people(first.url, ["trillian", "marvin", "ford"]);
  const [trillian, marvin, ford] = devices as [Parley, Parley, Parley];
  const listeners = devices.map((device) => listen(device));
  const kept = await say(trillian, conversationId, "before", 20);
  await backUp(first, join(folder, "backup"));
  const lost = await Promise.all([
    say(trillian, conversationId, "trillian, after", 30),
    say(marvin, conversationId, "marvin, after", 30),
    say(ford, conversationId, "ford, after", 30),
  ]);
  await until(() => (listeners.some((one) => one.texts(conversationId).length < 110) ? "not all were told" : ""));
  await ford.close();
  await first.stop();

  const config = readConfig({ PARLEY_DATA: join(folder, "restored") });
  await restoreBackup(config, join(folder, "backup"));
  await startAnew(folder, "restored", first);
  const everybody = async () => (await historyOf(trillian, conversationId)).length;
  await until(async () => ((await everybody()) < 80 ? "those who listen have not sent all again" : ""), 40_000);

  const fordAgain = await openDevice(first.url, String(paths[2]));
  const fordListening = listen(fordAgain);
  await until(async () => ((await everybody()) < 110 ? "what a device kept on disk is not sent again" : ""), 40_000);
  const history = await historyOf(marvin, conversationId);
  expect(history.toSorted()).toEqual([...kept, ...lost.flat()].toSorted());
  expect(history.slice(0, 20)).toEqual(kept);
  for (const own of lost) expect(history.filter((text) => own.includes(text))).toEqual(own);

  const after = await say(marvin, conversationId, "goes on", 1);
  const running = [...listeners.slice(0, 2), fordListening];
  await until(() => (running.every((one) => one.texts(conversationId).at(-1) === after[0]) ? "" : "not told"));
  expect(running.map((one) => one.resets[0])).toEqual(["all", "all", "all"]);
  for (const one of running) {
    const told = one.texts(conversationId);
    expect([...history, ...after].slice(-told.length)).toEqual(told);
  }
  expect(devices.slice(0, 2).map(({ outbox }) => outbox.waiting)).toEqual([0, 0]);
}, 90_000);

const databases = (name: string) => ["", "-wal", "-shm"].map((suffix) => `${name}.db${suffix}`);

/** Puts files of a server that is stopped in the place of another's. */
function putBack(from: string, to: string, names: readonly string[]): void {
  for (const file of names.flatMap(databases)) {
    rmSync(join(to, file), { force: true });
    if (existsSync(join(from, file))) cpSync(join(from, file), join(to, file));
  }
}

it.each([
  { lost: ["log"], what: "its log" },
  { lost: ["log", "store"], what: "log and store" },
])(
  "waits for the operator of a server that lost a part of $what, and goes on after a recovery with nothing lost or doubled",
  async ({ lost }) => {
    const folder = newFolder();
    const [data, older] = [join(folder, "data"), join(folder, "older")];
    const first = await startAnew(folder, "data");
    const { devices, conversationId } = await people(first.url, ["trillian", "marvin"]);
    const [trillian, marvin] = devices as [Parley, Parley];
    const kept = await say(trillian, conversationId, "before", 10);
    await first.stop();
    cpSync(data, older, { recursive: true });
    const second = await startAnew(folder, "data", first);
    const listeners = devices.map((device) => listen(device));
    await until(() => (listeners.every(({ live }) => live) ? "" : "not live"));
    const after = await Promise.all([
      say(trillian, conversationId, "trillian", 20),
      say(marvin, conversationId, "marvin", 20),
    ]);
    await until(() => (listeners.some((one) => one.texts(conversationId).length < 40) ? "not all were told" : ""));
    await second.stop();
    putBack(older, data, lost);

    const stopped = await startAnew(folder, "data", first);
    const readiness = async () => (await fetch(`${first.url}/readyz`)).status;
    await until(async () => ((await readiness()) === 503 ? "" : "not stopped"), 20_000);
    const meanwhile = trillian.outbox.post(conversationId, { text: "meanwhile" });
    await stopped.stop();
    await recoverInstallation(readConfig({ PARLEY_DATA: data, PARLEY_LOG_LEVEL: "silent" }), true);
    await startAnew(folder, "data", first);
    await meanwhile.sent;
    const missing = async () => 51 - (await historyOf(marvin, conversationId)).length;
    await until(async () => ((await missing()) > 0 ? "not all is sent again" : ""), 40_000);
    await Promise.all(devices.map(({ outbox }) => outbox.flush()));
    const history = await historyOf(marvin, conversationId);
    expect(history.toSorted()).toEqual([...kept, ...after.flat(), "meanwhile"].toSorted());
    for (const own of after) expect(history.filter((text) => own.includes(text))).toEqual(own);
    expect(await readiness()).toBe(200);
  },
  120_000,
);
