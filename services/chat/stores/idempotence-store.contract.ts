import { describe, expect, test } from "vitest";
import { clientId, deviceId, newConversationId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { type ProjectedStores, writeRows } from "../testing/rows.ts";
import type { Creation, IdempotenceStore, SentId, SentIdOwner } from "./idempotence-store.ts";

/** What holds of every engine that keeps client ids and the rows that make creations unique. */
export function describeIdempotenceStore(
  engine: string,
  open: () => ProjectedStores & { readonly idempotence: IdempotenceStore },
): void {
  const newOwner = (): SentIdOwner => ({
    conversationId: newConversationId(0),
    userId: userId(uuidv7()),
    deviceId: deviceId("phone"),
  });
  const sentId = (number: number): SentId => ({
    clientId: clientId(String(number).padStart(4, "0")),
    seq: number,
    messageCount: number,
    timeMs: 1_700_000_000_000 + number,
    contentHash: Uint8Array.of(number % 256),
  });
  const newCreation = (): Creation => ({
    userId: userId(uuidv7()),
    deviceId: deviceId("phone"),
    clientId: clientId(uuidv7()),
    conversationId: newConversationId(0),
    contentHash: Uint8Array.of(1),
  });

  describe(`client ids on ${engine}`, () => {
    test("the largest are listed first, of one device in one conversation", async () => {
      const [stores, owner] = [open(), newOwner()];
      const others = [{ ...owner, deviceId: deviceId("laptop") }, { ...owner, userId: userId("bob") }, newOwner()];
      const sentIds = [3, 1, 70, 2].map((number) => ({ ...sentId(number), ...owner }));
      await writeRows(stores, { sentIds: [...sentIds, ...others.map((other) => ({ ...sentId(99), ...other }))] });
      expect(await stores.idempotence.largest(owner, 3)).toEqual([70, 3, 2].map(sentId));
      expect(await stores.idempotence.largest(newOwner(), 3)).toEqual([]);
    });

    test("one is found by its key, and a repeated or late write of it changes nothing", async () => {
      const [stores, owner] = [open(), newOwner()];
      await writeRows(stores, { sentIds: [{ ...sentId(5), ...owner }] });
      await writeRows(stores, { sentIds: [{ ...sentId(5), ...owner, seq: 77 }] });
      expect(await stores.idempotence.find(owner, sentId(5).clientId)).toEqual(sentId(5));
      expect(await stores.idempotence.find(owner, sentId(6).clientId)).toBeUndefined();
      expect(await stores.idempotence.find(newOwner(), sentId(5).clientId)).toBeUndefined();
    });

    test("one that is committed in a later life of the log stands for what it leads to there", async () => {
      const [stores, owner] = [open(), newOwner()];
      const inLife = (life: number, number: number) => ({ ...sentId(number), ...owner, seq: life * 2 ** 32 + number });
      const stored = async () => (await stores.idempotence.find(owner, sentId(5).clientId))?.seq;
      await writeRows(stores, { sentIds: [inLife(0, 5)] });
      const later = { ...inLife(2, 0), clientId: sentId(5).clientId };
      await writeRows(stores, { sentIds: [later] });
      expect(await stored()).toBe(later.seq);
      await writeRows(stores, { sentIds: [{ ...later, seq: later.seq + 9 }] });
      await writeRows(stores, { sentIds: [inLife(0, 5)] });
      expect(await stored()).toBe(later.seq);
    });

    test("of all who claim a creation one has it for good, and everybody is told whose it is", async () => {
      const [{ idempotence }, creation] = [open(), newCreation()];
      const rivals = [1, 2, 3].map((byte) => ({
        ...creation,
        conversationId: newConversationId(0),
        contentHash: Uint8Array.of(byte),
      }));
      const claims = await Promise.all(rivals.map((rival) => idempotence.claimCreation(rival)));
      expect(new Set(claims.map(({ conversationId }) => conversationId)).size).toBe(1);
      expect(rivals).toContainEqual(claims[0]);
      expect(await idempotence.claimCreation(creation)).toEqual(claims[0]);
      const other = { ...creation, deviceId: deviceId("laptop") };
      expect((await idempotence.claimCreation(other)).conversationId).toBe(creation.conversationId);
    });

    test("a pair is one row, whoever of the two claims it", async () => {
      const { idempotence } = open();
      const [ada, bob, cyd] = [userId(uuidv7()), userId(uuidv7()), userId(uuidv7())];
      const ids = await Promise.all([
        idempotence.claimPair([ada, bob], newConversationId(0)),
        idempotence.claimPair([bob, ada], newConversationId(1)),
        idempotence.claimPair([ada, bob], newConversationId(2)),
      ]);
      expect(new Set(ids).size).toBe(1);
      const other = newConversationId(3);
      expect(await idempotence.claimPair([ada, cyd], other)).toBe(other);
    });
  });
}
