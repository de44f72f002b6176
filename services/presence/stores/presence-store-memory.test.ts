import { expect, test } from "vitest";
import { deviceId, userId } from "#platform/runtime/ids.ts";
import { describePresenceStore } from "./presence-store.contract.ts";
import { statusTtlMs } from "./presence-store.ts";
import { createMemoryPresenceStore } from "./presence-store-memory.ts";

describePresenceStore("memory", async (clock) => createMemoryPresenceStore(clock));

test("devices beyond the capacity are not taken in until others are forgotten", async () => {
  let now = 0;
  const store = createMemoryPresenceStore(() => now, 1);
  const [ada, bob] = [userId("ada"), userId("bob")];
  await store.announce(ada, deviceId("phone"), "online");
  expect((await store.announce(bob, deviceId("laptop"), "online")).after.status).toBe("offline");
  now = statusTtlMs;
  await store.expire();
  expect((await store.announce(bob, deviceId("laptop"), "online")).after.status).toBe("online");
});
