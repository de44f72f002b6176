import { type KeptLimits, KeptWindow } from "./kept-window.ts";
import { entryFromText, entryToText, type OutboxEntry } from "./outbox-entry.ts";
import type { Change, Storage } from "./storage.ts";

/** How long acknowledged messages are kept, how many, and how many characters of them; the oldest go first. */
export const keptLimits: KeptLimits = { messages: 10_000, characters: 16 * 1024 * 1024, ageMs: 86_400_000 };

/** A message that the server has, as the event `seq` of its conversation. */
export interface AcknowledgedEntry {
  readonly entry: OutboxEntry;
  readonly seq: bigint;
}

/** Numbers that a server has lost in a conversation. */
export interface Lost {
  readonly conversationId: string;
  readonly fromSeq: bigint;
  readonly toSeq: bigint;
}

/**
 * What a user's device has sent lately and the server acknowledged. Should the server lose a part of its log, the device
 * still has these messages. Programs that share a storage share them.
 *
 * It decides what is to be changed in the storage and leaves writing that to the outbox, so that a message is always in
 * one of the two.
 */
export interface Acknowledged {
  /** Keeps messages, and lets go of those beyond the limits. */
  keep(entries: readonly AcknowledgedEntry[]): Promise<Change[]>;
  /** Kept messages that were lost, all where it is not known which, in the order of their `seq`; lets go of them. */
  take(lost: Lost | undefined): Promise<{ readonly entries: OutboxEntry[]; readonly changes: Change[] }>;
  /** Lets go of all. */
  clear(): Promise<Change[]>;
}

export function createAcknowledged(
  userId: string,
  storage: Storage,
  now: () => number,
  limits: KeptLimits = keptLimits,
): Acknowledged {
  const prefix = `acknowledged/${userId}/`;
  const letGo = (clientId: string): Change => ({ key: `${prefix}${clientId}`, value: undefined });
  let loaded: Promise<KeptWindow> | undefined;

  async function load(): Promise<KeptWindow> {
    const window = new KeptWindow(limits);
    for (const [key, text] of await storage.list(prefix)) {
      window.add(key.slice(prefix.length), Number.parseInt(text, 10), text.length);
    }
    return window;
  }

  return {
    async keep(entries) {
      loaded ??= load();
      const window = await loaded;
      const kept = entries.map(({ entry, seq }) => {
        const value = `${now()} ${seq} ${entryToText(entry)}`;
        window.add(entry.clientId, now(), value.length);
        return { key: `${prefix}${entry.clientId}`, value };
      });
      return [...kept, ...window.shrink(now()).map(letGo)];
    },
    async take(lost) {
      loaded = undefined;
      const rows = (await storage.list(prefix)).map(([, text]) => keptFrom(text)).filter((kept) => kept !== undefined);
      const entries = rows
        .filter(({ at, entry, seq }) => at > now() - limits.ageMs && isLost(entry, seq, lost))
        .sort((a, b) => (a.seq < b.seq ? -1 : 1))
        .map(({ entry }) => entry);
      return { entries, changes: entries.map(({ clientId }) => letGo(clientId)) };
    },
    async clear() {
      loaded = undefined;
      return (await storage.list(prefix)).map(([key]) => ({ key, value: undefined }));
    },
  };
}

function isLost({ conversationId }: OutboxEntry, seq: bigint, lost: Lost | undefined): boolean {
  if (!lost) return true;
  return conversationId === lost.conversationId && seq >= lost.fromSeq && seq <= lost.toSeq;
}

function keptFrom(text: string): (AcknowledgedEntry & { readonly at: number }) | undefined {
  const [, at, seq, rest] = /^(\d+) (\d+) (.*)$/s.exec(text) ?? [];
  const entry = rest === undefined ? undefined : entryFromText(rest);
  return entry && { entry, at: Number(at), seq: BigInt(seq ?? 0) };
}
