import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { rolldown } from "rolldown";
import { root } from "../../command.ts";

/** Where Parley is, and whether it lists the origin of the page. */
export interface Task {
  readonly url: string;
  readonly isListed: boolean;
}

/** An application's web site, on an origin of its own: it holds the page, and hears from it. */
export interface Site {
  readonly origin: string;
  /** What came of each thing that the page did. */
  readonly outcomes: Promise<unknown>;
  /** What the page is to do is known later than where it is. */
  serve(task: Task): void;
  close(): void;
}

const byHand = "/by-hand.js";

export async function openSite(): Promise<Site> {
  const files = new Map([
    ["/", { type: "text/html", text: '<!doctype html><script type="module" src="/page.js"></script>' }],
    ["/page.js", { type: "text/javascript", text: await bundle("page.ts") }],
    [byHand, { type: "text/javascript", text: clientByHand() }],
  ]);
  const { promise: outcomes, resolve } = Promise.withResolvers<unknown>();
  const server = createServer(async (request: IncomingMessage, response) => {
    if (request.method === "POST") resolve(await json(request));
    const file = files.get(request.url ?? "");
    response.writeHead(file ? 200 : 404, { "content-type": file?.type ?? "text/plain" }).end(file?.text);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    outcomes,
    serve: (task) => void files.set("/task", { type: "application/json", text: JSON.stringify(task) }),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** The page with the SDK, as an application would build it. */
async function bundle(file: string): Promise<string> {
  const build = await rolldown({ input: join(import.meta.dirname, file), platform: "browser", external: byHand });
  const { output } = await build.generate({ format: "esm" });
  await build.close();
  return output[0].code;
}

/** What docs/websocket.md gives to those who write a client themselves. */
function clientByHand(): string {
  const page = readFileSync(join(root, "docs/websocket.md"), "utf8");
  return /^```js\n(.*?)^```$/ms.exec(page)?.[1] ?? "";
}
