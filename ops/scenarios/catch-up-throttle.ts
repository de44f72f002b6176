import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** A slow line: what the server sends passes at a limited rate, what the client sends at once. */
export interface Throttle {
  readonly url: string;
  /** Bytes that came from the server so far. */
  passed(): number;
  close(): Promise<void>;
}

export async function openThrottle(url: string, bytesPerSecond: number): Promise<Throttle> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let passed = 0;
  let freeAt = performance.now();

  async function passOn(from: Socket, to: Socket): Promise<void> {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      freeAt = Math.max(freeAt, performance.now()) + (chunk.length / bytesPerSecond) * 1000;
      await wait(Math.max(1, freeAt - performance.now()));
      passed += chunk.length;
      if (!to.write(chunk)) await once(to, "drain");
    }
    to.end();
  }

  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    passOn(upstream, client).catch(() => client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed: () => passed,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
