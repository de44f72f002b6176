import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import { createPeerConnections, type PeerConnections } from "./connections.ts";

/** Connections to a server, one of which is made. */
async function connectTo(server: Http2Server): Promise<{ connections: PeerConnections; session: ServerHttp2Session }> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connections = createPeerConnections(`http://127.0.0.1:${port}`);
  onTestFinished(() => {
    connections.close();
    server.close();
  });
  expect(connections.notReady()).toContain("can't be reached");
  const [session] = (await once(server, "session")) as [ServerHttp2Session];
  await until(() => connections.notReady() ?? "");
  return { connections, session };
}

test("a process that let go of an idle connection counts as reached, and is reached again", async () => {
  const server = createServer();
  const { connections, session } = await connectTo(server);
  session.close();
  await until(() => (connections.isOpen() ? "the connection is still open" : ""));
  expect(connections.notReady()).toBeUndefined();
  await until(() => (connections.isOpen() ? "" : "no other connection is made"));
  expect(connections.notReady()).toBeUndefined();
});

test("a process that ended counts as one that can't be reached once that was tried", async () => {
  const server = createServer();
  const { connections, session } = await connectTo(server);
  server.close();
  session.destroy();
  await until(() => (connections.notReady() ? "" : "it counts as reached"));
  expect(connections.isOpen()).toBe(false);
});
