import { expect, test } from "vitest";
import { deviceId, userId } from "#platform/runtime/ids.ts";
import { describePresenceStore } from "./presence-store.contract.ts";
import { statusTtlMs } from "./presence-store.ts";
import { createMemoryPresenceStore } from "./presence-store-memory.ts";

describePresenceStore("memory", () => createMemoryPresenceStore());

test("devices beyond the capacity are not taken in until others are forgotten", async () => {
  const store = createMemoryPresenceStore(1);
  const [ada, bob] = [userId("ada"), userId("bob")];
  await store.announce(ada, deviceId("phone"), "online", 0);
  expect((await store.announce(bob, deviceId("laptop"), "online", 1)).after.status).toBe("offline");
  await store.expire(statusTtlMs);
  expect((await store.announce(bob, deviceId("laptop"), "online", statusTtlMs)).after.status).toBe("online");
});
