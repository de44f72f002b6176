import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { PeerConnection, peerTimes } from "./connection.ts";

async function connectToPeer(times = peerTimes, isBusyMs = 0): Promise<PeerConnection> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const connection = new PeerConnection(`http://127.0.0.1:${port}`, times, () => {});
  const end = performance.now() + isBusyMs;
  while (performance.now() < end);
  onTestFinished(() => {
    connection.close();
    server.close();
  });
  expect(await connection.ready).toBe(true);
  return connection;
}

test("a connection that was cut has no room from the same moment on", async () => {
  const connection = await connectToPeer();
  expect(connection.hasRoom).toBe(true);
  connection.close();
  expect(connection.hasRoom).toBe(false);
});

test("a call whose connection is cut before anybody listens ends as a call, not with the process", async () => {
  const connection = await connectToPeer();
  const call = connection.request({ ":path": "/" });
  connection.close();
  await new Promise<void>((resolve) => call.on("close", resolve));
  expect(call.destroyed).toBe(true);
});

test("while this process stands still, no time passes for a connection that is being made", async () => {
  const connection = await connectToPeer({ ...peerTimes, connect: 100 }, 300);
  expect(connection.state).toBe("ready");
});
