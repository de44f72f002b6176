/**
 * Starts the engines that test files ask for, each once a run and only then. It lives in the process that runs the
 * workers, which ask over loopback: `GET /<engine>` answers its address.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestProject } from "vitest/node";
import { type EngineName, engineNames, type SharedEngine } from "./engine.ts";
import { MissingEngine } from "./programs.ts";
import { provideEngine } from "./provide-engine.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where the broker of the engines answers. */
    readonly engineBroker: string;
  }
}

/** vitest calls it before the first worker, and what it answers after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engines = new Map<EngineName, Promise<SharedEngine>>();
  const server = createServer(async (request, response) => {
    const name = engineNames.find((name) => request.url === `/${name}`);
    if (!name) return response.writeHead(404).end();
    const starting = engines.get(name) ?? provideEngine(name);
    engines.set(name, starting);
    try {
      const { url, monitors } = await starting;
      return response.end(JSON.stringify({ url, monitors }));
    } catch (error) {
      return response
        .writeHead(error instanceof MissingEngine ? 501 : 500)
        .end(error instanceof Error ? error.message : String(error));
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
