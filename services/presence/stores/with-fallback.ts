import type { Logger } from "pino";
import type { Clock } from "#platform/runtime/clock.ts";
import { type PresenceStore, type Standing, type StandingChange, statusTtlMs } from "./presence-store.ts";
import type { TypingLimit } from "./typing-limit.ts";

/** Once what is shared is back, this time passes until it is believed: by then each device was announced to it again. */
export const settleMs = statusTtlMs / 2;

/** Users that are read at once. */
const pageSize = 200;

/** What several processes share and may be away, and what this one has by itself. */
export interface Fallback<Store> {
  readonly shared: Store;
  readonly own: Store;
  /** Whether what is shared can be asked now. */
  readonly available: () => boolean;
  readonly logger: Logger;
}

/**
 * Presence that goes on while the shared store is away. News go to both stores, so that each process knows at any time
 * what it was told itself. While the shared one is away, and for `settleMs` after it came back, that is what is answered
 * and told: a device of which another process was told may look offline, none looks online for longer than ever. What
 * became of devices is told by each process then, more than once perhaps; whoever hears it asks anew.
 *
 * A shared store may forget while it stays reachable, and then tells of nobody who leaves. So a process also tells when
 * people are less there than it knew them itself, which otherwise adds nothing but a repetition now and then.
 */
export function withOwnPresence(stores: Fallback<PresenceStore>, clock: Clock): PresenceStore {
  const { shared, own, available } = stores;
  const ask = createAsking(stores);
  let believedFrom = 0;
  const isBelieved = () => {
    if (!available()) believedFrom = clock() + settleMs;
    return clock() >= believedFrom;
  };
  /** Those of `changes` whose users the shared store knows less there than they were. */
  const whoLeft = async (changes: readonly StandingChange[]) => {
    const left: StandingChange[] = [];
    for (let start = 0; start < changes.length; start += pageSize) {
      const page = changes.slice(start, start + pageSize);
      const standings = await shared.read(page.map(({ userId }) => userId));
      left.push(...page.flatMap((change, index) => leftFor(change, standings[index]) ?? []));
    }
    return left;
  };
  return {
    async announce(...news) {
      const here = await own.announce(...news);
      const everywhere = await ask(() => shared.announce(...news));
      return everywhere && isBelieved() ? (leftFor(here, everywhere.after) ?? everywhere) : here;
    },
    async read(userIds) {
      const everywhere = isBelieved() ? await ask(() => shared.read(userIds)) : undefined;
      return everywhere ?? (await own.read(userIds));
    },
    async expire() {
      const here = await own.expire();
      if (!isBelieved()) return here;
      const everywhere = await ask(async () => {
        const told = await shared.expire();
        const users = new Set(told.map(({ userId }) => userId));
        return [...told, ...(await whoLeft(here.filter(({ userId }) => !users.has(userId))))];
      });
      return everywhere ?? here;
    },
  };
}

const ranks = { offline: 0, away: 1, online: 2 };

/** The change from what this process knew to what is known everywhere, if people are less there now. */
function leftFor({ userId, before, after }: StandingChange, now: Standing | undefined): StandingChange | undefined {
  if (!now || ranks[now.status] >= ranks[before.status]) return undefined;
  return { userId, before, after: { ...now, onlineAt: Math.max(now.onlineAt, after.onlineAt) } };
}

/** Typing that goes on while what is shared is away: each process then delivers as if it were alone. */
export function withOwnTyping(limits: Fallback<TypingLimit>): TypingLimit {
  const ask = createAsking(limits);
  return {
    admit: async (...call) => (await ask(() => limits.shared.admit(...call))) ?? (await limits.own.admit(...call)),
  };
}

/** Asks what is shared. Undefined: it is away, or failed, which is logged once until it works again. */
function createAsking({ available, logger }: Fallback<unknown>) {
  let isFailing = false;
  return async <Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> => {
    if (!available()) return undefined;
    try {
      const answer = await call();
      isFailing = false;
      return answer;
    } catch (error) {
      if (!isFailing) logger.warn({ err: error }, "Redis failed; each process knows presence and typing by itself");
      isFailing = true;
      return undefined;
    }
  };
}
