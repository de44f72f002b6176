/**
 * Starts the engines that test files ask for, each once a run and only then. It lives in the process that runs the
 * workers, which ask over loopback: `GET /cql` answers the address of an engine that all share, once it runs;
 * `GET /cql/programs` answers once a worker can start one of its own. Each is 501 where the engine is missing.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { type EngineName, engineNames, type SharedEngine } from "./engine.ts";
import { MissingEngine } from "./programs.ts";
import { provideEngine } from "./provide-engine.ts";
import { installEngine } from "./start-engine.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the broker of the engines answers. */
    readonly engineBroker: string;
  }
}

/** vitest calls it before the first worker, and what it answers after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engines = new Map<EngineName, Promise<SharedEngine>>();
  const engineOf = once(engines, provideEngine);
  const programsOf = once(new Map(), installEngine);
  const answer = async (path: string): Promise<object> => {
    const [name, programs] = path.slice(1).split("/");
    const engine = engineNames.find((engine) => engine === name);
    if (!engine) throw new Error(`there is no engine at ${path}`);
    if (programs) {
      await programsOf(engine);
      return {};
    }
    const { url, monitors } = await engineOf(engine);
    return { url, monitors };
  };
  const server = createServer(async ({ url = "" }, response) => {
    try {
      response.end(JSON.stringify(await answer(url)));
    } catch (error) {
      response.statusCode = error instanceof MissingEngine ? 501 : 500;
      response.end(error instanceof Error ? error.message : String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port }: AddressInfo = Object(server.address());
  project.provide("engineBroker", `http://127.0.0.1:${port}`);
  return async () => {
    server.close();
    server.closeAllConnections();
    await Promise.allSettled([...engines.values()].map(async (starting) => (await starting).stop()));
  };
}

/** What `make` makes for a name, made for the first who asks. */
function once<Made>(made: Map<EngineName, Promise<Made>>, make: (name: EngineName) => Promise<Made>) {
  return (name: EngineName): Promise<Made> => {
    const found = made.get(name) ?? make(name);
    made.set(name, found);
    return found;
  };
}
