import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { ChatService } from "#gen/parley/chat/v1/chat_pb.js";
import { ConversationKind } from "#gen/parley/chat/v1/events_pb.js";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { describeOnEngines, freshName } from "#platform/testing/engines.ts";
import { until } from "#platform/testing/until.ts";
import { callersOf } from "../services/testing/callers.ts";
import { root, startCommand } from "./command.ts";

interface Service {
  readonly image: string;
  readonly restart?: string;
  readonly command: readonly [string, ...string[]];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, null>>;
  readonly configs: { readonly nats: { readonly content: string } };
}

const file: Compose = parse(readFileSync(join(root, "ops/compose.yaml"), "utf8"), { merge: true });
const services = Object.entries(file.services);
const ours = services.filter(([, { image }]) => image === "parley");
const folder = mkdtempSync(join(tmpdir(), "parley-compose-"));
const running: { stop(): void; readonly exited: Promise<unknown> }[] = [];

/** What the image holds, with the packages of this checkout. */
const checkout = join(folder, "parley");

beforeAll(() => {
  const dockerfile = readFileSync(join(root, "ops/Dockerfile"), "utf8");
  const lastStage = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  for (const [, from = "", to = ""] of lastStage.matchAll(/^COPY ([\w.]+) (\S+)$/gm)) {
    const filter = (path: string) => !path.endsWith(".test.ts") && !path.includes("node_modules");
    cpSync(join(root, from), join(checkout, to === "./" ? from : to), { recursive: true, filter });
  }
  symlinkSync(join(root, "node_modules"), join(checkout, "node_modules"));
});
afterAll(async () => {
  for (const { stop } of running) stop();
  await Promise.all(running.map(({ exited }) => exited));
  rmSync(folder, { recursive: true, force: true });
});

test("what a service names is there", () => {
  const names = services.map(([name]) => name);
  for (const [, { depends_on: others = {}, volumes = [] }] of services) {
    expect(names).toEqual(expect.arrayContaining(Object.keys(others)));
    const named = volumes.map((volume) => volume.split(":")[0]);
    expect(Object.keys(file.volumes)).toEqual(expect.arrayContaining(named));
  }
  expect(file.configs.nats.content).toContain("sync_interval: always");
});

test("all processes of an installation have the same settings, but for what each is", () => {
  const own = ["PARLEY_TARGETS", "PARLEY_BLOBS"];
  const shared = ours.map(([, { environment = {} }]) =>
    Object.entries(environment).filter(([name]) => !own.includes(name)),
  );
  for (const settings of shared) expect(settings).toEqual(shared[0]);
});

describeOnEngines("the services of ops/compose.yaml", ["nats-cluster", "cql", "redis"], (engines) => {
  const { "nats-cluster": nats, cql, redis } = engines;
  const name = freshName();

  /** Addresses of this machine in the place of those in the containers' network. */
  const places: readonly (readonly [string | RegExp, string])[] = [
    ["nats://nats-1,nats-2,nats-3/parley?replicas=3", `${nats.url}/${name}?replicas=3&max_bytes=256MiB`],
    ["http://nats-1:8222,http://nats-2:8222,http://nats-3:8222", nats.monitors.join(",")],
    ["cql://scylla/parley", `${cql.url}/${name}`],
    ["redis://redis", redis.url],
    ["0.0.0.0:8080", "127.0.0.1:0"],
    [/^(file:)?\/(keys|blobs)$/, `$1${join(folder, "volumes")}/$2`],
  ];
  const localOf = (value: string) => places.reduce((text, [from, to]) => text.replace(from, to), value);
  const environmentOf = (service: string, { environment = {} }: Service) => ({
    ...Object.fromEntries(Object.entries(environment).map(([key, value]) => [key, localOf(value)])),
    PARLEY_DATA: join(folder, "data", service),
    PARLEY_SHARDS: "4",
  });

  /** Runs the command of a service as its container does: again where it fails, until all are ended. */
  function start(service: string, definition: Service) {
    let printed = "";
    let child = startCommand(definition.command, { cwd: checkout, env: environmentOf(service, definition) });
    let ended = false;
    const run = async (): Promise<number | null> => {
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", (text) => (printed += String(text)));
      const [code] = await once(child, "exit");
      if (ended || code === 0 || !definition.restart) return code;
      child = startCommand(definition.command, { cwd: checkout, env: environmentOf(service, definition) });
      return await run();
    };
    const exited = run();
    const stop = () => {
      ended = true;
      child.kill("SIGTERM");
    };
    running.push({ stop, exited });
    return { exited, printed: () => printed };
  }

  test("run as local processes until all are ready; what one gateway is told the other one knows", async () => {
    const { migrate, ...definitions } = Object.fromEntries(ours);
    if (!migrate) throw new Error("nobody migrates");
    const migrating = start("migrate", migrate);
    expect([await migrating.exited, migrating.printed()]).toEqual([0, expect.stringContaining("Migrated")]);

    const started = Object.entries(definitions).map(([service, definition]) => [service, start(service, definition)]);
    const processes = Object.fromEntries(started) as Record<string, ReturnType<typeof start>>;
    const urlOf = (service: string) =>
      [...(processes[service]?.printed() ?? "").matchAll(/^Parley is ready at (http\S+)/gm)].at(-1)?.[1];
    await until(async () => {
      const states = Object.keys(definitions).map(async (service) => {
        const url = urlOf(service);
        const ready = url && (await fetch(`${url}/readyz`).catch(() => undefined))?.ok;
        return ready ? "" : `${service}: ${processes[service]?.printed()}`;
      });
      return (await Promise.all(states)).join("");
    }, 120_000);

    const [one, other] = [callersOf(urlOf("gateway-1") ?? ""), callersOf(urlOf("gateway-2") ?? "")];
    const ada = await one.registerUser("ada");
    const request = { clientId: uuidv7(), kind: ConversationKind.CHANNEL, name: "news" };
    const { conversation } = await ada.client(ChatService).createConversation(request);
    const conversationId = conversation?.conversationId ?? "";
    const sent = { clientId: uuidv7(), conversationId, content: { text: "hello" } };
    const { after } = await ada.client(ChatService).sendMessage(sent);
    const { messages } = await other.client(ChatService, { token: ada.token }).listMessages({ conversationId, after });
    expect(messages.map(({ content }) => content?.text)).toEqual(["hello"]);
  }, 240_000);
});
