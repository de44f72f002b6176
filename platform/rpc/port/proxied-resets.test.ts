import { afterEach, expect, test } from "vitest";
import {
  errorCodes,
  type FrameClient,
  frame,
  frameTypes,
  getFrame,
  openFrames,
  uint32,
} from "#platform/testing/http2-frames.ts";
import { until } from "#platform/testing/until.ts";
import { listenOnOnePort, type OnePortServer } from "./one-port-server.ts";
import { portLimits } from "./port-limits.ts";
import type { TrustedProxies } from "./trusted-proxies.ts";

const limits = { ...portLimits, streams: 10, resetsPerSecond: 20 };
const loopback: TrustedProxies = { ranges: ["loopback"], header: "x-forwarded-for" };

let port: OnePortServer;
let client: FrameClient;
afterEach(async () => {
  client.close();
  await port.close();
});

/** Breaks off streams, one after the other; how many, once the connection is cut, at most `most`. */
async function breakOff(most: number, proxies?: TrustedProxies): Promise<number> {
  port = await listenOnOnePort({
    host: "127.0.0.1",
    port: 0,
    limits,
    ...(proxies ? { proxies } : {}),
    onExchange: (exchange) => void exchange.body.resume(),
  });
  client = await openFrames(port.url);
  let count = 0;
  await until(() => {
    if (client.isCut || count === most) return "";
    const stream = 2 * count++ + 1;
    client.send(getFrame(stream), frame(frameTypes.reset, 0, stream, uint32(errorCodes.cancel)));
    return "it is not cut";
  });
  return count;
}

test("the connections of a proxy, which carry many clients, may break off more streams", async () => {
  const most = 500;
  const alone = await breakOff(most);
  expect(alone).toBeLessThan(most);
  client.close();
  await port.close();
  expect(await breakOff(3 * alone, loopback)).toBe(3 * alone);
  expect(client.isCut).toBe(false);
});

test("those whose connections are the clients' may not", async () => {
  expect(await breakOff(500, { ...loopback, ranges: ["10.0.0.0/8"] })).toBeLessThan(500);
});
