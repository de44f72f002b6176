import { expect, test } from "vitest";
import { clientId, deviceId, sessionId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import type { SessionRow, SessionStore } from "./session-store.ts";

/** What holds of every engine that sessions are kept in. */
export function describeSessionStore(engine: string, open: () => SessionStore): void {
  const newRow = (user = userId(uuidv7())): SessionRow => ({
    userId: user,
    sessionId: sessionId(uuidv7()),
    deviceId: deviceId(uuidv7()),
    deviceName: "Terminal",
    createdAt: 1000,
    refreshedAt: 1000,
    expiresAt: 5000,
    generation: 1,
    rotatedBy: "",
    endedAt: 0,
  });
  const rotation = () => ({ rotatedBy: clientId(uuidv7()), refreshedAt: 2000, expiresAt: 6000 });

  test(`${engine}: a session is inserted once, found as it was and listed with its user's others`, async () => {
    const [store, first] = [open(), newRow()];
    const second = newRow(first.userId);
    expect(await store.insert(first)).toBe(true);
    expect(await store.insert({ ...first, deviceName: "other" })).toBe(false);
    await store.insert(second);
    await store.insert(newRow());
    expect(await store.find(first.userId, first.sessionId)).toEqual(first);
    expect(await store.find(userId(uuidv7()), first.sessionId)).toBeUndefined();
    const inOrder = [first, second].sort((a, b) => (a.sessionId < b.sessionId ? -1 : 1));
    expect(await store.list(first.userId)).toEqual(inOrder);
  });

  test(`${engine}: of rotations at once, one holds`, async () => {
    const [store, row] = [open(), newRow()];
    await store.insert(row);
    const rotations = [rotation(), rotation(), rotation()];
    const held = await Promise.all(rotations.map((each) => store.rotate(row.userId, row.sessionId, 1, each)));
    expect(held.filter(Boolean)).toHaveLength(1);
    const winner = rotations[held.indexOf(true)];
    expect(await store.find(row.userId, row.sessionId)).toEqual({ ...row, ...winner, generation: 2 });
  });

  test(`${engine}: an ended session stays as it is`, async () => {
    const [store, row] = [open(), newRow()];
    await store.insert(row);
    expect(await store.end(row.userId, row.sessionId, 3000, 3500)).toBe(true);
    expect(await store.end(row.userId, row.sessionId, 4000, 4500)).toBe(false);
    expect(await store.rotate(row.userId, row.sessionId, 1, rotation())).toBe(false);
    await store.extend(row.userId, row.sessionId, 9000);
    expect(await store.insert(row)).toBe(false);
    expect(await store.find(row.userId, row.sessionId)).toEqual({ ...row, endedAt: 3000, expiresAt: 3500 });
    expect(await store.end(row.userId, sessionId(uuidv7()), 3000, 3500)).toBe(false);
  });

  test(`${engine}: an expiry moves away only`, async () => {
    const [store, row] = [open(), newRow()];
    await store.insert(row);
    await store.extend(row.userId, row.sessionId, 7000);
    await store.extend(row.userId, row.sessionId, 6000);
    expect(await store.find(row.userId, row.sessionId)).toEqual({ ...row, expiresAt: 7000 });
  });

  test(`${engine}: rows are removed by name`, async () => {
    const [store, first] = [open(), newRow()];
    const second = newRow(first.userId);
    await Promise.all([store.insert(first), store.insert(second)]);
    await store.remove(first.userId, [first.sessionId, sessionId(uuidv7())]);
    await store.remove(first.userId, []);
    expect(await store.list(first.userId)).toEqual([second]);
  });
}
