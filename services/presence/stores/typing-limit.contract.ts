import { expect, test } from "vitest";
import { newConversationId, userId, uuidv7 } from "#platform/runtime/ids.ts";
import { type TypingLimit, typingIntervalMs, typingTtlMs } from "./typing-limit.ts";

/** What holds of every engine. `pass` lets time pass for the store. */
export function describeTypingLimit(
  engine: string,
  open: () => { limit: TypingLimit; pass(ms: number, key: string): Promise<void> },
): void {
  const openOne = () => {
    const { limit, pass } = open();
    const [ada, conversation] = [userId(uuidv7()), newConversationId(1)];
    return {
      start: () => limit.admit(ada, conversation, true),
      end: () => limit.admit(ada, conversation, false),
      startElsewhere: () => limit.admit(ada, newConversationId(1), true),
      startOfAnother: () => limit.admit(userId(uuidv7()), conversation, true),
      pass: (ms: number) => pass(ms, `typing:${conversation}:${ada}`),
    };
  };

  test(`${engine}: a start is delivered once per interval, for each user and conversation`, async () => {
    const typing = openOne();
    expect(await typing.start()).toBe(true);
    expect(await typing.start()).toBe(false);
    expect(await typing.startElsewhere()).toBe(true);
    expect(await typing.startOfAnother()).toBe(true);
    await typing.pass(typingIntervalMs - 500);
    expect(await typing.start()).toBe(false);
    await typing.pass(500);
    expect(await typing.start()).toBe(true);
    expect(await typing.start()).toBe(false);
  });

  test(`${engine}: an end is delivered where a start was, once`, async () => {
    const typing = openOne();
    expect(await typing.end()).toBe(false);
    await typing.start();
    expect(await typing.end()).toBe(true);
    expect(await typing.end()).toBe(false);
    // The interval goes on: nobody is told more often by ending in between.
    expect(await typing.start()).toBe(false);
    await typing.pass(typingIntervalMs);
    expect(await typing.start()).toBe(true);
    expect(await typing.end()).toBe(true);
  });

  test(`${engine}: typing that ended by itself is not ended again`, async () => {
    const typing = openOne();
    await typing.start();
    await typing.pass(typingTtlMs);
    expect(await typing.end()).toBe(false);
    expect(await typing.start()).toBe(true);
  });
}
