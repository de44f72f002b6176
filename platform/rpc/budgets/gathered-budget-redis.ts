import { LRUCache } from "lru-cache";
import type { RedisEngine } from "#platform/engines/redis.ts";
import { createScript } from "#platform/engines/redis-script.ts";
import type { Budget } from "../budgets.ts";
import { maxCountedKeys, refusal } from "./counts.ts";

/** How often a process tells what was spent with it and learns what was spent with others. */
export const gatherMs = 200;
/** A key that has not yet spent this part of its calls here is not told of: most never do. */
export const quietPart = 1 / 8;
/** Keys told of at once. */
const maxKeysAtOnce = 500;

/** Adds to each key what was spent; returns, for each, the sum of all processes and the time until the window ends. */
const addAll = `
local answers = {}
for i, key in ipairs(KEYS) do
  local sum = redis.call("INCRBY", key, ARGV[2 * i - 1])
  local left = redis.call("PTTL", key)
  if left < 0 then
    left = tonumber(ARGV[2 * i])
    redis.call("PEXPIRE", key, left)
  end
  answers[2 * i - 1] = sum
  answers[2 * i] = left
end
return answers`;

interface Spending {
  endsAt: number;
  /** With this process. */
  own: number;
  /** How much of it Redis was told. */
  told: number;
  /** With other processes, as far as it is known here. */
  elsewhere: number;
}

export interface GatheredBudget extends Budget {
  close(): void;
}

/**
 * A budget for the hot path: decided at once by what is known here, and settled with the other processes in the
 * background. A key that calls through n processes at once gets at most `quietPart` of its calls for each of the others
 * beyond its budget, and what it spends within `gatherMs`. While Redis is away each process counts alone: n budgets.
 */
export function createGatheredBudget(
  redis: RedisEngine,
  name: string,
  calls: number,
  windowMs: number,
  now: () => number = () => performance.now(),
): GatheredBudget {
  const spendings = new LRUCache<string, Spending>({ max: maxCountedKeys });
  const untold = new Set<string>();
  const add = createScript(redis.client, addAll);

  const spendingOf = (key: string): Spending => {
    const known = spendings.get(key);
    if (known && known.endsAt > now()) return known;
    const fresh = { endsAt: now() + windowMs, own: 0, told: 0, elsewhere: 0 };
    spendings.set(key, fresh);
    return fresh;
  };

  async function tell(): Promise<void> {
    const due = takeFirst(untold, maxKeysAtOnce).flatMap((key) => {
      const spending = spendings.peek(key);
      return spending && spending.endsAt > now() ? [{ key: `limit:${name}:${key}`, spending, own: spending.own }] : [];
    });
    if (due.length === 0) return;
    const args = due.flatMap(({ spending, own }) => [own - spending.told, Math.ceil(spending.endsAt - now())]);
    const asked = add(
      due.map(({ key }) => key),
      args,
    );
    // An outcome that stays unknown is not told again: a call is counted twice never, and not at all perhaps.
    for (const { spending, own } of due) spending.told = own;
    const answers = await asked;
    if (!Array.isArray(answers)) return;
    for (const [index, { spending, own }] of due.entries()) {
      spending.elsewhere = Math.max(spending.elsewhere, Number(answers[2 * index]) - own);
      spending.endsAt = now() + Number(answers[2 * index + 1]);
    }
  }

  let isTelling = false;
  const timer = setInterval(async () => {
    if (isTelling || untold.size === 0 || !redis.available()) return;
    isTelling = true;
    try {
      for (let left = untold.size; left > 0; left -= maxKeysAtOnce) await tell();
    } catch {
      // Redis is away: it says so itself. Each process counts alone until it is back.
    } finally {
      isTelling = false;
    }
  }, gatherMs).unref();

  return {
    async charge(key) {
      const spending = spendingOf(key);
      if (spending.own + spending.elsewhere >= calls) throw refusal(spending.endsAt - now());
      spending.own++;
      if (spending.own >= calls * quietPart) untold.add(key);
    },
    close: () => clearInterval(timer),
  };
}

function takeFirst(keys: Set<string>, count: number): string[] {
  const taken: string[] = [];
  for (const key of keys) {
    if (taken.length === count) break;
    keys.delete(key);
    taken.push(key);
  }
  return taken;
}
