import { type Client, Code, ConnectError } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { UserErrorReason, UserErrorSchema } from "#gen/parley/user/v1/errors_pb.js";
import { Audience, UserService } from "#gen/parley/user/v1/user_pb.js";
import { callAs, type UserIdentity } from "#platform/rpc/identity.ts";
import { deviceId, sessionId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { type Stack, startStack, type TestUser } from "../testing/stack.ts";

let stack: Stack;
let ada: TestUser;
let bob: TestUser;
let asAda: Client<typeof UserService>;
let asBob: Client<typeof UserService>;
let inside: Client<typeof UserService>;
const service = callAs({ kind: "service", name: "auth" });

beforeAll(async () => {
  stack = await startStack();
  [ada, bob] = await Promise.all([stack.registerUser("ada.lovelace"), stack.registerUser("bob")]);
  asAda = ada.client(UserService);
  asBob = bob.client(UserService);
  inside = stack.inside(UserService);
});

afterAll(() => stack.stop());

function stranger(): UserIdentity {
  return { kind: "user", userId: userId(uuidv7()), deviceId: deviceId(uuidv7()), sessionId: sessionId(uuidv7()) };
}

/** A value that the enum may get one day. */
const undefinedAudience: number = 9;

const handlesFound = async (prefix: string, pageSize = 0) =>
  (await asAda.searchByHandle({ prefix, pageSize })).profiles.map(({ handle }) => handle);

test("profiles come in the order they were asked for, without those that do not exist", async () => {
  const asked = [bob.userId, uuidv7(), ada.userId.toUpperCase(), bob.userId];
  const { profiles } = await asAda.getProfiles({ userIds: asked });
  expect(profiles.map(({ handle }) => handle)).toEqual(["bob", "ada.lovelace", "bob"]);
});

test("a profile is changed by its owner, and what is not given stays", async () => {
  await asAda.updateProfile({ clientId: uuidv7(), displayName: "Ada", about: "First" });
  await asAda.updateProfile({ clientId: uuidv7(), about: "" });
  const { profile } = await asAda.updateProfile({ clientId: uuidv7(), displayName: "Ada L." });
  expect(profile).toMatchObject({ userId: ada.userId, handle: "ada.lovelace", displayName: "Ada L.", about: "" });
  expect((await asBob.getProfiles({ userIds: [ada.userId] })).profiles).toEqual([profile]);
});

test("of many changes at once the last that was made stays", async () => {
  const names = Array.from({ length: 20 }, (_, index) => `Bob ${index}`);
  await Promise.all(
    names.map((displayName) => inside.updateProfile({ clientId: uuidv7(), displayName }, callAs(identityOf(bob)))),
  );
  expect((await asAda.getProfiles({ userIds: [bob.userId] })).profiles[0]?.displayName).toBe("Bob 19");
});

function identityOf(user: TestUser): UserIdentity {
  return { ...stranger(), userId: userId(user.userId) };
}

test("people are found by the beginning of their handle, in order and bounded", async () => {
  const made = ["zaphod", "zaphod.b", "zaphod_2", "zarniwoop"].map((handle) => ({ userId: uuidv7(), handle }));
  await inside.createProfiles({ profiles: made }, service);
  expect(await handlesFound("zap")).toEqual(["zaphod", "zaphod.b", "zaphod_2"]);
  expect(await handlesFound("ZAPHOD.")).toEqual(["zaphod.b"]);
  expect(await handlesFound("za", 2)).toEqual(["zaphod", "zaphod.b"]);
  expect(await handlesFound("zaphod beeblebrox")).toEqual([]);
});

test("nobody is found by display name, nor without a handle", async () => {
  await inside.createProfiles({ profiles: [{ userId: uuidv7(), displayName: "ghostly" }] }, service);
  expect(await handlesFound("ghostly")).toEqual([]);
});

test("profiles that exist are not made again, nor found by another handle", async () => {
  const profile = { userId: uuidv7(), handle: "trillian", displayName: "Tricia" };
  await inside.createProfiles({ profiles: [profile] }, service);
  await inside.createProfiles({ profiles: [{ ...profile, handle: "trish", displayName: "Nobody" }] }, service);
  const { profiles } = await asAda.getProfiles({ userIds: [profile.userId] });
  expect(profiles).toMatchObject([profile]);
  expect(await handlesFound("trish")).toEqual([]);
});

test("everybody sees last seen until its owner hides it", async () => {
  expect((await asBob.getPrivacy({})).privacy?.lastSeen).toBe(Audience.EVERYONE);
  await asBob.setPrivacy({ clientId: uuidv7(), privacy: { lastSeen: Audience.NOBODY } });
  expect((await asBob.getPrivacy({})).privacy?.lastSeen).toBe(Audience.NOBODY);
  const { entries } = await inside.listPrivacy({ userIds: [ada.userId, bob.userId, uuidv7()] }, service);
  expect(new Map(entries.map(({ userId, privacy }) => [userId, privacy?.lastSeen]))).toEqual(
    new Map([
      [ada.userId, Audience.EVERYONE],
      [bob.userId, Audience.NOBODY],
    ]),
  );
  await asBob.setPrivacy({ clientId: uuidv7(), privacy: {} });
  expect((await asBob.getPrivacy({})).privacy?.lastSeen).toBe(Audience.EVERYONE);
});

test("who has no profile can change nothing of it", async () => {
  const nobody = callAs(stranger());
  const calls = [
    () => inside.updateProfile({ clientId: uuidv7(), about: "x" }, nobody),
    () => inside.getPrivacy({}, nobody),
    () => inside.setPrivacy({ clientId: uuidv7(), privacy: { lastSeen: Audience.NOBODY } }, nobody),
  ];
  for (const call of calls) {
    const failure = ConnectError.from(await call().catch((error: unknown) => error));
    expect(failure.code).toBe(Code.NotFound);
    expect(failure.findDetails(UserErrorSchema)).toMatchObject([{ reason: UserErrorReason.NOT_FOUND }]);
  }
});

test.each<[string, () => Promise<unknown>]>([
  ["a name that is too long", () => asAda.updateProfile({ clientId: uuidv7(), displayName: "x".repeat(129) })],
  ["an empty name", () => asAda.updateProfile({ clientId: uuidv7(), displayName: "" })],
  ["a call without a client id", () => asAda.updateProfile({ displayName: "Ada" })],
  ["a prefix of one letter", () => asAda.searchByHandle({ prefix: "a" })],
  ["a negative page", () => asAda.searchByHandle({ prefix: "ad", pageSize: -1 })],
  ["a huge page", () => asAda.searchByHandle({ prefix: "ad", pageSize: 51 })],
  ["a user id that is none", () => asAda.getProfiles({ userIds: ["ada"] })],
  ["more users than allowed", () => asAda.getProfiles({ userIds: Array.from({ length: 101 }, () => uuidv7()) })],
  [
    "a setting that does not exist",
    () => asAda.setPrivacy({ clientId: uuidv7(), privacy: { lastSeen: undefinedAudience } }),
  ],
])("%s is refused", async (_, call) => {
  await expect(call()).rejects.toMatchObject({ code: Code.InvalidArgument });
});

test("what services ask one another is refused at the port, as is everything without a token", async () => {
  await expect(asAda.listPrivacy({ userIds: [bob.userId] })).rejects.toMatchObject({ code: Code.PermissionDenied });
  await expect(asAda.createProfiles({ profiles: [{ userId: uuidv7() }] })).rejects.toMatchObject({
    code: Code.PermissionDenied,
  });
  await expect(stack.client(UserService).getPrivacy({})).rejects.toMatchObject({ code: Code.Unauthenticated });
});
