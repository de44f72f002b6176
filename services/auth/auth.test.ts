import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DescMessage } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AuthService } from "#gen/parley/auth/v1/auth_pb.js";
import { AuthErrorSchema } from "#gen/parley/auth/v1/errors_pb.js";
import { PlatformErrorSchema } from "#gen/parley/errors/v1/errors_pb.js";
import { UserService } from "#gen/parley/user/v1/user_pb.js";
import { platformErrors } from "#platform/rpc/errors.ts";
import { callAs } from "#platform/rpc/identity.ts";
import { uuidv7 } from "#platform/runtime/ids.ts";
import { storeMigrations } from "../modules.ts";
import { type Stack, startStack } from "../testing/stack.ts";
import { userModule } from "../user/module.ts";
import { authErrors } from "./errors.ts";
import { authModule } from "./module.ts";
import { startTestIssuer, type TestIssuer } from "./testing/issuer.ts";

let issuer: TestIssuer;
let stack: Stack;

beforeAll(async () => {
  issuer = await startTestIssuer();
  const settings = { PARLEY_TRUSTED_ISSUER: issuer.issuer, PARLEY_TRUSTED_AUDIENCE: issuer.audience };
  stack = await startStack(settings, { modules: [authModule, userModule], storeMigrations });
});

afterAll(async () => {
  await stack.stop();
  await issuer.stop();
});

const newHandle = () => `h${uuidv7().replaceAll("-", "").slice(-16)}`;
const newDevice = () => ({ id: crypto.randomUUID(), name: "Terminal" });
const anybody = () => stack.client(AuthService);
const signedIn = (token = "") => stack.client(AuthService, { token });
const operator = () => signedIn(readFileSync(join(stack.dataDir, "keys", "operator.key"), "utf8").trim());

/** The reason in the typed detail of the error that a call must end with. */
async function reasonOf(call: Promise<unknown>, schema: DescMessage = AuthErrorSchema): Promise<unknown> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => ConnectError.from(reason),
  );
  const [detail] = error?.findDetails(schema) ?? [];
  return detail && Reflect.get(detail, "reason");
}
const platformReasonOf = (call: Promise<unknown>) => reasonOf(call, PlatformErrorSchema);

test("a registered person has a profile and is who the token says", async () => {
  const handle = newHandle();
  const arthur = await stack.registerUser(handle);
  const account = await arthur.client(AuthService).getAccount({});
  expect(account).toMatchObject({ userId: arthur.userId, handle, contacts: [] });
  const { profiles } = await arthur.client(UserService).getProfiles({ userIds: [arthur.userId] });
  expect(profiles).toMatchObject([{ userId: arthur.userId, handle, displayName: handle }]);
});

test("a repeated registration returns a session of the same account", async () => {
  const request = { clientId: uuidv7(), device: newDevice(), handle: newHandle(), password: "dont panic" };
  const [first, again] = [await anybody().register(request), await anybody().register(request)];
  expect(again.session?.userId).toBe(first.session?.userId);
  expect(await platformReasonOf(signedIn(first.session?.accessToken).getAccount({}))).toBe(
    platformErrors.SESSION_REVOKED.reason,
  );
  const changed = anybody().register({ ...request, password: "do panic" });
  expect(await reasonOf(changed)).toBe(authErrors.CLIENT_ID_REUSED.reason);
  const taken = anybody().register({ ...request, clientId: uuidv7() });
  expect(await reasonOf(taken)).toBe(authErrors.HANDLE_TAKEN.reason);
});

test("a wrong password and an unknown person get the same answer", async () => {
  const { client } = await stack.registerUser("slartibartfast");
  const logIn = (handle: string) =>
    client(AuthService).logIn({
      clientId: uuidv7(),
      device: newDevice(),
      identifier: { kind: { case: "handle", value: handle } },
      password: "wrong",
    });
  for (const handle of ["slartibartfast", "nobody_here"]) {
    expect(await reasonOf(logIn(handle))).toBe(authErrors.WRONG_CREDENTIALS.reason);
  }
});

test("logging in again replaces the device's session; logging out ends it", async () => {
  const handle = newHandle();
  const ford = await stack.registerUser(handle);
  const logIn = async (id: string) =>
    (
      await anybody().logIn({
        clientId: uuidv7(),
        device: { id, name: "Terminal" },
        identifier: { kind: { case: "handle", value: handle } },
        password: `password of ${handle}`,
      })
    ).session;
  const again = await logIn(ford.deviceId);
  const phone = await logIn(crypto.randomUUID());
  const revoked = platformErrors.SESSION_REVOKED.reason;
  expect(await platformReasonOf(signedIn(ford.token).getAccount({}))).toBe(revoked);

  const { sessions } = await signedIn(again?.accessToken).listSessions({});
  expect(sessions.map(({ sessionId, current }) => [sessionId, current])).toEqual([
    [phone?.sessionId, false],
    [again?.sessionId, true],
  ]);
  await signedIn(again?.accessToken).logOut({ clientId: uuidv7() });
  expect(await platformReasonOf(signedIn(again?.accessToken).getAccount({}))).toBe(revoked);
  expect(await signedIn(phone?.accessToken).getAccount({})).toMatchObject({ handle });
});

test("a session is revoked by its owner alone, and repeating it changes nothing", async () => {
  const [arthur, zaphod] = [await stack.registerUser(newHandle()), await stack.registerUser(newHandle())];
  const revoke = (token: string) =>
    signedIn(token).revokeSession({ clientId: uuidv7(), sessionId: phone?.sessionId ?? "" });
  const device = newDevice();
  const { session: phone } = await operator().issueSession({ clientId: uuidv7(), userId: arthur.userId, device });
  expect(await reasonOf(revoke(zaphod.token))).toBe(authErrors.SESSION_NOT_FOUND.reason);
  expect(await signedIn(phone?.accessToken).getAccount({})).toMatchObject({ userId: arthur.userId });
  await revoke(arthur.token);
  await revoke(arthur.token);
  expect(await platformReasonOf(signedIn(phone?.accessToken).getAccount({}))).toBe(
    platformErrors.SESSION_REVOKED.reason,
  );
  const entries = [arthur, zaphod].map(({ userId, session }) => ({ userId, sessionId: session.sessionId }));
  const ended = { userId: arthur.userId, sessionId: phone?.sessionId ?? "" };
  const foreign = { userId: zaphod.userId, sessionId: arthur.session.sessionId };
  const asGateway = callAs({ kind: "service", name: "gateway" });
  const check = { sessions: [...entries, ended, foreign] };
  const { endedSessionIds } = await stack.inside(AuthService).checkSessions(check, asGateway);
  expect(endedSessionIds).toEqual([ended.sessionId, foreign.sessionId]);
});

test("a refresh token works once, a lost answer is had again, and reuse ends the session", async () => {
  const { session } = await stack.registerUser(newHandle());
  const refresh = (refreshToken: string, clientId = uuidv7()) => anybody().refreshSession({ clientId, refreshToken });
  const call = uuidv7();
  const { session: next } = await refresh(session.refreshToken, call);
  expect((await refresh(session.refreshToken, call)).session).toEqual(next);
  expect(await signedIn(next?.accessToken).getAccount({})).toMatchObject({ userId: session.userId });
  expect(await reasonOf(refresh(session.refreshToken))).toBe(authErrors.REFRESH_REUSED.reason);
  expect(await reasonOf(refresh(next?.refreshToken ?? ""))).toBe(authErrors.REFRESH_REFUSED.reason);
  expect(await platformReasonOf(signedIn(next?.accessToken).getAccount({}))).toBe(
    platformErrors.SESSION_REVOKED.reason,
  );
});

test("a changed password ends all other sessions", async () => {
  const handle = newHandle();
  const { userId, token } = await stack.registerUser(handle);
  const phone = await operator().issueSession({ clientId: uuidv7(), userId, device: newDevice() });
  const change = (oldPassword: string) =>
    signedIn(token).changePassword({ clientId: uuidv7(), oldPassword, newPassword: "forty-two!" });
  expect(await reasonOf(change("wrong"))).toBe(authErrors.WRONG_CREDENTIALS.reason);
  await change(`password of ${handle}`);
  expect(await signedIn(token).getAccount({})).toMatchObject({ userId });
  expect(await platformReasonOf(signedIn(phone.session?.accessToken).getAccount({}))).toBe(
    platformErrors.SESSION_REVOKED.reason,
  );
});

test("no session that the old password opened outlives its change, however close they come", async () => {
  const handle = newHandle();
  const { token, session } = await stack.registerUser(handle);
  const oldPassword = `password of ${handle}`;
  const logIn = () =>
    anybody().logIn({
      clientId: uuidv7(),
      device: newDevice(),
      identifier: { kind: { case: "handle", value: handle } },
      password: oldPassword,
    });
  const changing = signedIn(token).changePassword({ clientId: uuidv7(), oldPassword, newPassword: "forty-two!" });
  await Promise.allSettled([...Array.from({ length: 6 }, logIn), changing]);
  await changing;
  const { sessions } = await signedIn(token).listSessions({});
  expect(sessions.map(({ sessionId }) => sessionId)).toEqual([session.sessionId]);
});

test("an unconfirmed contact logs in, shows as unverified and takes codes", async () => {
  const email = `${uuidv7()}@example.org`;
  const password = "share and enjoy";
  const { session } = await anybody().register({ clientId: uuidv7(), device: newDevice(), email, password });
  const identifier = { kind: { case: "email", value: email.toUpperCase() } } as const;
  const device = newDevice();
  const logIn = await anybody().logIn({ clientId: uuidv7(), device, identifier, password });
  expect(logIn.session?.userId).toBe(session?.userId);
  const me = signedIn(session?.accessToken);
  expect((await me.getAccount({})).contacts).toMatchObject([{ address: email, verified: false }]);
  await me.requestCode({ clientId: uuidv7(), address: email });
  await me.requestCode({ clientId: uuidv7(), address: "somebody@example.org" });
  const unsent = me.confirmCode({ clientId: uuidv7(), address: "somebody@example.org", code: "123456" });
  expect(await reasonOf(unsent)).toBe(authErrors.CODE_REFUSED.reason);
});

test("the operator makes accounts by their external ids, once, and signs them in", async () => {
  const names = Array.from({ length: 255 }, (_, index) => `irc:${uuidv7()}/${index}`);
  const accounts = [...names, names[0] ?? ""].map((externalId) => ({ externalId, displayName: externalId }));
  const create = () => operator().createAccounts({ clientId: uuidv7(), accounts });
  const { userIds } = await create();
  expect(userIds).toHaveLength(256);
  expect(new Set(userIds).size).toBe(255);
  expect(userIds[255]).toBe(userIds[0]);
  expect((await create()).userIds).toEqual(userIds);
  const [userId = ""] = userIds;
  const { session } = await operator().issueSession({ clientId: uuidv7(), userId, device: newDevice() });
  const { profiles } = await stack.client(UserService, { token: session?.accessToken ?? "" }).getProfiles({
    userIds: [userId],
  });
  expect(profiles).toMatchObject([{ userId, displayName: accounts[0]?.displayName }]);
  const nobody = operator().issueSession({ clientId: uuidv7(), userId: uuidv7(), device: newDevice() });
  expect(await reasonOf(nobody)).toBe(authErrors.ACCOUNT_NOT_FOUND.reason);
});

test("the application's own token signs its user in", async () => {
  const token = await issuer.sign({ sub: "ford", name: "Ford Prefect", sid: uuidv7() });
  const { userId } = await signedIn(token).getAccount({});
  const { profiles } = await stack.client(UserService, { token }).getProfiles({ userIds: [userId] });
  expect(profiles).toMatchObject([{ displayName: "Ford Prefect" }]);
  await signedIn(token).logOut({ clientId: uuidv7() });
  expect(await platformReasonOf(signedIn(token).getAccount({}))).toBe(platformErrors.SESSION_REVOKED.reason);
});

test("the signing key is published", async () => {
  const response = await fetch(`${stack.url}/.well-known/jwks.json`);
  expect(await response.json()).toMatchObject({ keys: [{ kty: "OKP", crv: "Ed25519", alg: "EdDSA" }] });
});

describe("refused at the door", () => {
  test.each([
    ["garbage", "garbage"],
    ["a forged operator key", `pko_${"A".repeat(43)}`],
    ["alg none", `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from("{}").toString("base64url")}.`],
  ])("%s", async (_name, token) => {
    expect(await platformReasonOf(signedIn(token).getAccount({}))).toBe(platformErrors.UNAUTHENTICATED.reason);
  });

  test("a trusted issuer's token for another audience", async () => {
    const token = await issuer.sign({ aud: "other" });
    expect(await platformReasonOf(signedIn(token).getAccount({}))).toBe(platformErrors.UNAUTHENTICATED.reason);
  });

  test("users from operator and internal methods", async () => {
    const { client, userId, session } = await stack.registerUser(newHandle());
    const auth = client(AuthService);
    const wrong = platformErrors.WRONG_CREDENTIAL.reason;
    const issue = auth.issueSession({ clientId: uuidv7(), userId, device: newDevice() });
    expect(await platformReasonOf(issue)).toBe(wrong);
    const check = auth.checkSessions({ sessions: [{ userId, sessionId: session.sessionId }] });
    expect(await platformReasonOf(check)).toBe(wrong);
  });

  test("what breaks a rule of the contract", async () => {
    const register = (changed: object) =>
      anybody().register({
        clientId: uuidv7(),
        device: newDevice(),
        handle: newHandle(),
        password: "dont panic",
        ...changed,
      });
    const bad = [
      { handle: "" },
      { handle: "UPPER" },
      { handle: "ab" },
      { phone: "0151" },
      { email: "nobody" },
      { password: "short" },
      { device: { id: "mine", name: "" } },
      { clientId: "1" },
    ];
    for (const changed of bad) {
      expect(await platformReasonOf(register(changed))).toBe(platformErrors.INVALID_ARGUMENT.reason);
    }
  });
});
