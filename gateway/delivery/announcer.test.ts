import { Code, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PresenceService, Status } from "#gen/parley/presence/v1/presence_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callAs } from "#platform/rpc/identity.ts";
import { createPeerTransport } from "#platform/rpc/peers/in-process.ts";
import { createServed } from "#platform/rpc/served.ts";
import { createTimerWheel } from "#platform/runtime/timer-wheel.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { openTestPair } from "#platform/testing/peers.ts";
import { identityOf } from "../testing/reader.ts";
import { type Announcements, createAnnouncements, maxDevicesPerCall, sendEveryMs } from "./announcements.ts";
import { type Announcer, announceMs, createAnnouncer } from "./announcer.ts";

const statuses = { [Status.ONLINE]: "online", [Status.OFFLINE]: "offline" } as Record<Status, string>;
/** What each call told, as "device status". */
let calls: string[][];
let answer: () => Promise<void>;
let announcements: Announcements;
let announcer: Announcer;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  startAnnouncing();
});

afterEach(async () => {
  await stop();
  vi.useRealTimers();
});

/** Announces to a service that notes what it hears, and answers as told. */
function startAnnouncing(capacity?: number): void {
  calls = [];
  answer = async () => {};
  const served = createServed();
  const unused = () => Promise.reject(platformErrors.UNKNOWN_METHOD());
  served.add(PresenceService, {
    setStatus: unused,
    getPresence: unused,
    setTyping: unused,
    announce: unused,
    async announceDevices({ devices }) {
      calls.push(devices.map(({ deviceId, status }) => `${deviceId} ${statuses[status]}`));
      await answer();
      return {};
    },
  });
  announcements = createAnnouncements(createClient(PresenceService, createPeerTransport(served)), capacity);
  announcer = createAnnouncer(announcements, createTimerWheel());
}

async function stop(): Promise<void> {
  announcer.stop();
  await announcements.stop();
}

const streamOf = (device: string) => ({ identity: identityOf("ada", device) });
const open = (...devices: string[]) => devices.forEach((device) => void announcer.opened(streamOf(device)));
const close = (...devices: string[]) => devices.forEach((device) => void announcer.closed(streamOf(device)));

/** Lets the time pass and everybody hear of it who does so without more of it. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test("what happened to devices within 200 ms is told in one call, the last of each", async () => {
  open("phone", "phone", "laptop", "tablet");
  close("phone", "tablet");
  expect(calls).toEqual([]);
  await pass(sendEveryMs);
  expect(calls).toEqual([["phone online", "laptop online", "tablet offline"]]);
  close("phone");
  await pass(sendEveryMs);
  expect(calls.slice(1)).toEqual([["phone offline"]]);
});

test("a device with an open stream is told again while it lasts, with the others that are due", async () => {
  const devices = Array.from({ length: 300 }, (_, index) => `device ${index}`);
  open(...devices);
  await pass(sendEveryMs);
  calls = [];
  await pass(announceMs * 0.7);
  expect(calls).toEqual([]);
  close("device 0");
  await pass(announceMs * 0.3);
  const told = calls.flat();
  expect(new Set(told)).toEqual(new Set(["device 0 offline", ...devices.slice(1).map((device) => `${device} online`)]));
  expect(told).toHaveLength(300);
  expect(calls.length).toBeLessThanOrEqual((announceMs * 0.3) / sendEveryMs);
});

test("one call is under way at a time; what comes meanwhile waits, and a failure holds up nothing", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  answer = () => promise;
  open("phone");
  await pass(sendEveryMs);
  open("laptop", "tablet");
  close("phone", "laptop");
  await pass(sendEveryMs * 5);
  expect(calls).toEqual([["phone online"]]);
  answer = async () => {};
  reject(new Error("the service is gone"));
  await pass(sendEveryMs);
  expect(calls.slice(1)).toEqual([["laptop offline", "tablet online", "phone offline"]]);
});

test("a call tells of a bounded number of devices, and a bounded number waits", async () => {
  await stop();
  startAnnouncing(2 * maxDevicesPerCall + 1);
  open(...Array.from({ length: 2 * maxDevicesPerCall + 2 }, (_, index) => `device ${index}`));
  await pass(sendEveryMs);
  expect(calls.map((call) => call.length)).toEqual([maxDevicesPerCall, maxDevicesPerCall]);
  await pass(sendEveryMs);
  expect(calls.slice(2).map((call) => call.length)).toEqual([1]);
});

test("stopped, it tells what waits, and gives up where nobody hears it", async () => {
  open("phone", "laptop");
  close("laptop");
  await stop();
  await stop();
  expect(calls).toEqual([["phone online", "laptop offline"]]);
  await pass(announceMs);
  expect(calls).toHaveLength(1);
  startAnnouncing();
  answer = () => Promise.reject(new Error("the service is gone"));
  open(...Array.from({ length: maxDevicesPerCall + 1 }, (_, index) => `device ${index}`));
  await stop();
  expect(calls).toHaveLength(1);
});

test("the contract takes as many devices as a call tells of, and no more", async () => {
  const pair = await openTestPair([], (serve) => serve(PresenceService, { announceDevices: () => ({}) }));
  const devices = Array.from({ length: maxDevicesPerCall }, () => ({ status: Status.ONLINE }));
  const announce = (many: typeof devices) =>
    pair.peer(PresenceService).announceDevices({ devices: many }, callAs({ kind: "service", name: "gateway" }));
  await announce(devices);
  for (const refused of [[], [...devices, { status: Status.ONLINE }]]) {
    expect(await failureOf(announce(refused))).toMatchObject({ code: Code.InvalidArgument });
  }
  await pair.close();
});
