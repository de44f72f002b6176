import { once } from "node:events";
import { connect, createServer, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { until } from "#platform/testing/until.ts";
import { createStallWatch } from "./stalled-streams.ts";

const chunk = Buffer.alloc(64 * 1024);

/** A client that reads only as it is told, of a stream that is written whenever there is room. */
async function openSlowStream() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    session.destroy();
    server.close();
  });
  const reading = session.request({ ":path": "/" }).on("error", () => {});
  const [stream]: ServerHttp2Stream[] = await once(server, "stream");
  if (!stream) throw new Error("no stream");
  let drains = 0;
  stream.on("error", () => {});
  stream.respond();
  const write = () => {
    while (stream.write(chunk));
  };
  stream.on("drain", () => {
    drains++;
    write();
  });
  write();
  const isFull = () => until(() => (stream.writableNeedDrain ? "" : "there is room"));
  await isFull();
  return {
    stream,
    async readSome() {
      const before = drains;
      reading.resume();
      await until(() => (drains > before + 3 ? "" : "nothing was taken"));
      reading.pause();
      await isFull();
    },
  };
}

test("a client that takes its answer slowly is left alone, though as much waits at each look", async () => {
  const { stream, readSome } = await openSlowStream();
  const look = createStallWatch();
  for (let round = 0; round < 3; round++) {
    look([stream]);
    await readSome();
  }
  look([stream]);
  expect(stream.destroyed).toBe(false);
});

test("an answer of which nothing is taken between two looks is broken off", async () => {
  const { stream, readSome } = await openSlowStream();
  const look = createStallWatch();
  look([stream]);
  await readSome();
  look([stream]);
  expect(stream.destroyed).toBe(false);
  // What was still on its way to the client when it stopped reading may have been taken.
  await until(() => {
    look([stream]);
    return stream.destroyed ? "" : "still open";
  });
});
