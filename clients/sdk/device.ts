import type { Storage } from "./storage.ts";

const deviceKey = "device";

/** The id of this installation: made once, kept through every login and logout. */
export async function openDevice(storage: Storage): Promise<string> {
  const known = await storage.get(deviceKey);
  if (known !== undefined) return known;
  const id = crypto.randomUUID();
  await storage.write([{ key: deviceKey, value: id }]);
  return id;
}
