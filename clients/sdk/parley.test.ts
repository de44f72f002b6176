import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { until } from "../../platform/testing/until.ts";
import { type Stack, startStack } from "../../services/testing/stack.ts";
import { isReason, isSignedOut, reasonOf } from "./errors.ts";
import { connectByHttp2 } from "./node/transport-http2.ts";
import { createOperator } from "./operator.ts";
import type { Parley } from "./parley.ts";
import { openDevice, password, storagePath } from "./testing/devices.ts";
import { type Connect, connectByFetch } from "./transport.ts";

describe("a device", () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack();
  });
  afterAll(() => stack.stop());

  it("stays signed in from run to run, and keeps its id through logins", async () => {
    const path = storagePath();
    const first = await openDevice(stack.url, path);
    await expect(first.send("AAECAwQFBgcICQoLDA0ODxAR", { text: "x" })).rejects.toSatisfy(isSignedOut);
    await first.register({ handle: "arthur", password });
    const deviceId = await deviceOf(first);
    await first.close();
    const second = await openDevice(stack.url, path);
    expect(second.session).toEqual(first.session);
    await second.logOut();
    expect(second.session).toBeUndefined();
    await expect(second.services.auth.getAccount({})).rejects.toSatisfy(isSignedOut);
    await second.logIn({ handle: "arthur" }, password);
    expect(await deviceOf(second)).toBe(deviceId);
  });

  it("tells why it was refused", async () => {
    const device = await openDevice(stack.url, storagePath());
    await device.register({ handle: "ford", password });
    const other = await openDevice(stack.url, storagePath());
    const taken = await other.register({ handle: "ford", password }).catch((error) => error);
    expect(reasonOf(taken)).toEqual({ service: "auth", reason: "HANDLE_TAKEN" });
    const wrong = await other.logIn({ handle: "ford" }, "wrong password").catch((error) => error);
    expect(isReason(wrong, "auth", "WRONG_CREDENTIALS")).toBe(true);
  });

  it("replaces its token before it expires, by one call for all that need it", async () => {
    let now = Date.now();
    const calls: string[] = [];
    const device = await openDevice(stack.url, storagePath(), { now: () => now, connect: counting(calls) });
    await device.register({ handle: "zaphod", password });
    now += 599_000;
    await Promise.all(Array.from({ length: 20 }, () => device.services.auth.getAccount({})));
    expect(calls.filter((name) => name === "RefreshSession")).toHaveLength(1);
  });

  it("repeats a call whose token the server takes for expired", async () => {
    const start = Date.now();
    const calls: string[] = [];
    const hasty = await startStack({ PARLEY_ACCESS_TTL_SECONDS: "1" });
    onTestFinished(() => hasty.stop());
    const device = await openDevice(hasty.url, storagePath(), { now: () => start, connect: counting(calls) });
    await device.register({ handle: "slartibartfast", password });
    await until(async () => {
      expect((await device.services.auth.getAccount({})).handle).toBe("slartibartfast");
      return calls.includes("RefreshSession") ? "" : "the token is still good";
    });
  });

  it("shares its session between processes: neither uses a refresh token up for the other", async () => {
    let now = Date.now();
    const path = storagePath();
    const one = await openDevice(stack.url, path, { now: () => now });
    await one.register({ handle: "fenchurch", password });
    const two = await openDevice(stack.url, path, { now: () => now });
    now += 599_000;
    await Promise.all([one.services.auth.getAccount({}), two.services.auth.getAccount({})]);
    await one.services.auth.getAccount({});
    await two.services.auth.getAccount({});
    expect(two.session).toEqual(one.session);
  });

  it("forgets a session that was ended elsewhere", async () => {
    const device = await openDevice(stack.url, storagePath());
    await device.register({ handle: "agrajag", password });
    const other = await openDevice(stack.url, storagePath());
    await other.logIn({ handle: "agrajag" }, password);
    await other.services.auth.revokeSession({ sessionId: device.session?.sessionId ?? "" });
    await until(async () => {
      await device.services.auth.getAccount({}).catch(() => {});
      return device.session ? "still signed in" : "";
    });
  });

  it("works by fetch too, as in a browser", async () => {
    const device = await openDevice(stack.url, storagePath(), { connect: connectByFetch });
    await device.register({ handle: "lintilla", password });
    expect((await device.services.auth.getAccount({})).handle).toBe("lintilla");
  });

  it("adopts a session that the application's server issued", async () => {
    await using operator = createOperator({
      url: stack.url,
      key: await readFile(join(stack.dataDir, "keys", "operator.key"), "utf8"),
      connect: connectByHttp2,
    });
    const { userIds } = await operator.auth.createAccounts({ accounts: [{ externalId: "7", displayName: "Eddie" }] });
    const device = await openDevice(stack.url, storagePath());
    const issued = await operator.auth.issueSession({ userId: userIds[0] ?? "", device: { id: crypto.randomUUID() } });
    if (issued.session) await device.adoptSession(issued.session);
    expect((await device.services.auth.getAccount({})).userId).toBe(userIds[0]);
  });
});

async function deviceOf(parley: Parley): Promise<string | undefined> {
  const { sessions } = await parley.services.auth.listSessions({});
  return sessions.find((session) => session.current)?.device?.id;
}

function counting(calls: string[]): Connect {
  return (url, interceptors) =>
    connectByHttp2(url, [
      ...interceptors,
      (next) => (request) => {
        calls.push(request.method.name);
        return next(request);
      },
    ]);
}
