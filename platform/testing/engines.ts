import { randomBytes } from "node:crypto";
import { describe, inject, onTestFinished, test } from "vitest";
import type { Engine, EngineAddress, EngineName, StartOptions } from "../../ops/engines/engine.ts";
import { MissingEngine } from "../../ops/engines/programs.ts";
import { startEngine } from "../../ops/engines/start-engine.ts";

/**
 * The address of an engine that the whole run shares; the first who asks waits for its start. Where this machine has none
 * and can get none: MissingEngine.
 */
export async function engineAddress(name: EngineName): Promise<EngineAddress> {
  return JSON.parse(await askBroker(name));
}

/** The URL alone: `nats://127.0.0.1:4222`, `cql://…`, `redis://…`, without a namespace or a keyspace. */
export async function engineUrl(name: EngineName): Promise<string> {
  return (await engineAddress(name)).url;
}

/**
 * `describe` where all the engines are there, which the whole run shares. Where one is missing, a skipped test whose
 * title says so; with `CI=true` it is a failure.
 */
export function describeOnEngines<Name extends EngineName>(
  title: string,
  names: readonly Name[],
  suite: (engines: Readonly<Record<Name, EngineAddress>>) => void,
): void {
  describeIfThere(title, async () => {
    const found = await Promise.all(names.map(async (name) => [name, await engineAddress(name)]));
    suite(Object.fromEntries(found));
  });
}

/** The same for tests that hurt engines: each test starts its own, which stop at its end. */
export function describeOnOwnEngines(
  title: string,
  names: readonly EngineName[],
  suite: (start: (name: EngineName, options?: StartOptions) => Promise<Engine>) => void,
): void {
  describeIfThere(title, async () => {
    for (const name of names) await askBroker(`${name}/programs`);
    suite(async (name, options) => {
      const engine = await startEngine(name, options);
      onTestFinished(() => engine.stop());
      return engine;
    });
  });
}

/** `ops/engines/broker.ts` says what it answers. */
async function askBroker(path: string): Promise<string> {
  const response = await fetch(`${inject("engineBroker")}/${path}`);
  const body = await response.text();
  if (response.status === 501) throw new MissingEngine(body);
  if (response.status !== 200) throw new Error(body);
  return body;
}

function describeIfThere(title: string, define: () => Promise<void>): void {
  describe(title, async () => {
    try {
      await define();
    } catch (error) {
      if (!(error instanceof MissingEngine) || process.env.CI === "true") throw error;
      test(`not run: ${error.message}`, ({ skip }) => skip());
    }
  });
}

/** A namespace or keyspace that no other test uses: letters and digits, at most 16. */
export function freshName(): string {
  return `t${randomBytes(6).toString("hex")}`;
}
