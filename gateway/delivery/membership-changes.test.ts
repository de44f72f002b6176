import { expect, test } from "vitest";
import { ConversationKind, Role } from "#gen/parley/chat/v1/events_pb.js";
import { userId } from "#platform/runtime/ids.ts";
import { body, openWorld } from "../testing/world.ts";
import { MembershipChanges } from "./membership-changes.ts";

const added = (users: readonly string[]) =>
  body({ case: "membersAdded", value: { members: users.map((user) => ({ userId: user, role: Role.MEMBER })) } });

test("who joined or left is found by user, be it from before or since, and forgotten once the ring has dropped it", async () => {
  const world = await openWorld({ shards: 1, ringBytes: 1 });
  const group = await world.create(ConversationKind.GROUP, ["ann"], 0);
  await world.append(group, "ann", added(["ben"]));
  const changes = new MembershipChanges(world.following);
  world.following.listen((entry) => changes.note(entry));
  await world.append(group, "ann", body({ case: "memberRemoved", value: { userId: "ben" } }));
  const ofBen = changes.of(userId("ben")).map(({ seq, added, position }) => [seq, added, position]);
  expect(ofBen).toEqual([
    [2, true, 2],
    [3, false, 3],
  ]);
  expect(changes.of(userId("cat"))).toEqual([]);
  world.project(0, 3);
  const many = Array.from({ length: 200 }, (_, index) => `user ${index}`);
  for (let count = 0; count < 60; count++) await world.append(group, "ann", added(many));
  expect(world.following.ringStart(0)).toBeGreaterThan(3);
  expect(changes.of(userId("ben"))).toEqual([]);
  expect(changes.of(userId("user 7"))).toHaveLength(60);
  await world.close();
});
