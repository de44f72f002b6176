import { describeTypingLimit } from "./typing-limit.contract.ts";
import { createMemoryTypingLimit } from "./typing-limit-memory.ts";

describeTypingLimit("memory", () => {
  let now = 0;
  return {
    limit: createMemoryTypingLimit(() => now),
    async pass(ms) {
      now += ms;
    },
  };
});
