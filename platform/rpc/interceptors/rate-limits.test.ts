import { request } from "node:http";
import { afterEach, expect, test } from "vitest";
import { Health } from "#gen/grpc/health/v1/health_pb.js";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { PlatformErrorReason } from "#gen/parley/errors/v1/errors_pb.js";
import { PresenceService } from "#gen/parley/presence/v1/presence_pb.js";
import { UserService } from "#gen/parley/user/v1/user_pb.js";
import { openTestEdge, type TestEdge } from "#platform/testing/edge.ts";
import { failureOf } from "#platform/testing/failure.ts";
import { loginsOfAll } from "./rate-limits.ts";

const limits = { callsPerMinute: 5, registersPerHour: 2, loginsPerMinute: 3, searchesPerMinute: 4 };
const id = "0198c0de-0000-7000-8000-000000000001";

let edge: TestEdge;
afterEach(() => edge.close());

async function open(): Promise<void> {
  edge = await openTestEdge(
    (serve) => {
      serve(PresenceService, { getPresence: () => ({}) });
      serve(UserService, { searchByHandle: () => ({}) });
      serve(AuthService, { register: () => ({}), logIn: () => ({}), createAccounts: () => ({ userIds: [] }) });
    },
    { limits },
  );
}

/** Calls that pass before one is refused. */
async function passing(call: () => Promise<unknown>, most: number): Promise<number> {
  for (let count = 0; count < most; count++) {
    const refused = await call().then(
      () => false,
      () => true,
    );
    if (refused) {
      const { reason, retryAfterMs = 0 } = await failureOf(call());
      expect(reason).toBe(PlatformErrorReason.RATE_LIMITED);
      expect(retryAfterMs).toBeGreaterThan(0);
      return count;
    }
  }
  return most;
}

test("each user has a budget of calls, and another of searches", async () => {
  await open();
  for (const token of ["marvin", "trillian"]) {
    const presence = edge.client(PresenceService, { token });
    const users = edge.client(UserService, { token });
    expect(await passing(() => presence.getPresence({ userIds: [id] }), 20)).toBe(limits.callsPerMinute);
    expect(await passing(() => users.searchByHandle({ prefix: "mar" }), 20)).toBe(limits.searchesPerMinute);
  }
});

test("registering and logging in are charged to the address, and not to a token", async () => {
  await open();
  const device = { id, name: "x" };
  let number = 0;
  const auth = () => edge.client(AuthService, { token: `somebody ${number++}` });
  const register = () => auth().register({ clientId: id, device, handle: "marvin", password: "12345678" });
  const logIn = () => {
    const identifier = { kind: { case: "handle", value: `marvin${number}` } } as const;
    return auth().logIn({ clientId: id, device, identifier, password: "12345678" });
  };
  expect(await passing(register, 20)).toBe(limits.registersPerHour);
  expect(await passing(logIn, 20)).toBe(limits.loginsPerMinute);
});

/** Logs in from an address of the loopback network; resolves with the HTTP status. */
function logInFrom(localAddress: string, handle: string): Promise<number> {
  const headers = { "content-type": "application/json" };
  const url = `${edge.url}/parley.auth.v1.AuthService/LogIn`;
  const body = { clientId: id, device: { id, name: "x" }, identifier: { handle }, password: "12345678" };
  return new Promise((resolve, reject) => {
    const call = request(url, { method: "POST", localAddress, headers }, (answer) => {
      answer.resume().on("end", () => resolve(answer.statusCode ?? 0));
    });
    call.on("error", reject).end(JSON.stringify(body));
  });
}

test("one address locks nobody out of an account; many together have an end, too", async () => {
  await open();
  const most = limits.loginsPerMinute;
  const statuses: number[] = [];
  for (let address = 2; address < 2 + loginsOfAll; address++) {
    for (let count = 0; count < most; count++) statuses.push(await logInFrom(`127.0.0.${address}`, "marvin"));
    expect(await logInFrom(`127.0.0.${address}`, `marvin${address}`)).toBe(429);
  }
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(await logInFrom("127.0.0.100", "marvin")).toBe(429);
  expect(await logInFrom("127.0.0.100", "trillian")).toBe(200);
});

test("operators and the standard services are exempt", async () => {
  await open();
  const accounts = [{ externalId: "x", displayName: "x" }];
  const operator = edge.client(AuthService, { token: "operator" });
  expect(await passing(() => operator.createAccounts({ clientId: id, accounts }), 20)).toBe(20);
  expect(await passing(() => edge.client(Health).check({}), 20)).toBe(20);
});
