import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { afterEach, beforeEach, expect, test } from "vitest";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";

let edge: TestEdge;
let session: ClientHttp2Session;
beforeEach(async () => {
  edge = await openTestEdge((serve) => serve(PresenceService, { getPresence: () => ({}) }));
  session = connect(edge.url);
});
afterEach(async () => {
  session.destroy();
  await edge.close();
});

const asked = JSON.stringify({ userIds: ["0198c0de-0000-7000-8000-000000000001"] });

function call(headers: Record<string, string> = {}) {
  return session.request({
    ":method": "POST",
    ":path": "/parley.presence.v1.PresenceService/GetPresence",
    "content-type": "application/json",
    ...headers,
  });
}

async function status(stream: ReturnType<typeof call>): Promise<number> {
  const [headers] = await once(stream.resume(), "response");
  return headers[":status"];
}

test.each([true, false])("refused uploads don't use up the window of their connection, ended: %s", async (isEnded) => {
  for (let round = 0; round < 10; round++) {
    const refused = Array.from({ length: 50 }, async () => {
      const stream = call();
      const closed = once(stream, "close");
      stream.write(Buffer.alloc(20_000));
      if (isEnded) stream.end();
      expect(await status(stream)).toBe(401);
      await closed;
      expect(stream.rstCode).toBe(0);
    });
    await Promise.all(refused);
  }
  const stream = call({ authorization: "Bearer marvin" });
  stream.end(asked);
  expect(await status(stream)).toBe(200);
});

test("who asks whether to go on hears so", async () => {
  const stream = call({ authorization: "Bearer marvin", expect: "100-continue" });
  await once(stream, "continue");
  stream.end(asked);
  expect(await status(stream)).toBe(200);
});
