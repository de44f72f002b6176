import { randomBytes } from "node:crypto";
import { inject } from "vitest";
import type { EngineAddress, EngineName } from "../../ops/engines/engine.ts";

/** The address of an engine that the whole run shares; the first to ask waits for its start. */
export async function engineAddress(name: EngineName): Promise<EngineAddress> {
  const response = await fetch(`${inject("engineBroker")}/${name}`);
  const body = await response.text();
  if (response.status !== 200) throw new Error(body);
  return JSON.parse(body);
}

/** The URL alone: `nats://127.0.0.1:4222`, `cql://…`, `redis://…`, without a namespace or a keyspace. */
export async function engineUrl(name: EngineName): Promise<string> {
  return (await engineAddress(name)).url;
}

/** A namespace or keyspace that no other test uses: letters and digits, at most 16. */
export function freshName(): string {
  return `t${randomBytes(6).toString("hex")}`;
}
