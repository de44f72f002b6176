import { startInCompose } from "./compose.ts";
import type { EngineName, SharedEngine } from "./engine.ts";
import { MissingEngine } from "./programs.ts";
import { startEngine } from "./start-engine.ts";

/**
 * Which variables give an engine that is there already: its URL, and for NATS its monitors, separated by commas. None
 * begins with `PARLEY_`, as servers refuse settings that they do not know.
 */
export const variables: Readonly<Record<EngineName, { readonly url: string; readonly monitors?: string }>> = {
  nats: { url: "TEST_NATS", monitors: "TEST_NATS_MONITOR" },
  "nats-cluster": { url: "TEST_NATS_CLUSTER", monitors: "TEST_NATS_CLUSTER_MONITOR" },
  cql: { url: "TEST_CQL" },
  redis: { url: "TEST_REDIS" },
};

/**
 * An engine from where there is one: that of a URL in the environment; a program that is installed; one that can be
 * installed; a container. None of them: MissingEngine.
 */
export async function provideEngine(name: EngineName): Promise<SharedEngine> {
  const given = givenEngine(name);
  if (given) return given;
  try {
    return await startEngine(name);
  } catch (error) {
    if (!(error instanceof MissingEngine)) throw error;
    const contained = await startInCompose(name);
    if (contained) return contained;
    const set = `set ${variables[name].url} to the URL of one that tests may use`;
    throw new MissingEngine(
      `No ${name}: ${error.message}; Docker Compose does not run here either. Install one, or ${set}.`,
    );
  }
}

function givenEngine(name: EngineName): SharedEngine | undefined {
  const { url = "", monitors = "" } = variables[name];
  const given = process.env[url];
  if (!given) return undefined;
  return {
    name,
    url: given,
    monitors: (process.env[monitors] ?? "").split(",").filter((monitor) => monitor !== ""),
    stop: async () => undefined,
  };
}
