import type { Mutant } from "./mutant.ts";

const sequencer = "services/chat/sequencer/shard-sequencer.ts";

/** Mutants of what appends to the log and of what follows it. */
export const ofTheLog: readonly Mutant[] = [
  {
    name: "acknowledged-early",
    says: "acknowledges before the log has it",
    promise: "P1",
    fault: "kill-owner",
    patches: [
      {
        file: sequencer,
        find: "const again = await this.#append(group, decided, owned);",
        replace: `this.#settled(group, decided);
          await new Promise((resolve) => setTimeout(resolve, 1_500));
          const again = await this.#append(group, decided, owned);`,
      },
    ],
  },
  {
    name: "author-forged",
    says: "posts in another member's name",
    promise: "P2",
    fault: "none",
    patches: [
      {
        file: "services/chat/commands/decisions.ts",
        find: `return event(author, { case: "messagePosted"`,
        replace: `return event(conversation.owners[0] ?? author, { case: "messagePosted"`,
      },
    ],
  },
  {
    name: "dedup-off",
    says: "does not know client ids again",
    promise: "P3",
    fault: "duplicates",
    patches: [
      {
        file: "services/chat/sequencer/sequencer-state.ts",
        find: `if (checked === "new") return undefined;`,
        replace: "if (checked) return undefined;",
      },
      {
        file: "services/chat/sequencer/pending-commands.ts",
        find: "const first = this.#waiting.get(keyOf(command));",
        replace: "const first = undefined;",
      },
    ],
  },
  {
    name: "old-ids-forgotten",
    says: "takes client ids for new that are older than those at hand",
    promise: "P3",
    fault: "duplicates",
    patches: [
      {
        file: "services/chat/sequencer/sequencer-state.ts",
        find: `if (checked !== "look-up") return checked;`,
        replace: `return checked === "look-up" ? undefined : checked;`,
      },
    ],
  },
  {
    name: "fence-skipped",
    says: "appends wherever the log ends",
    promise: "P4",
    fault: "late-appends",
    patches: [
      {
        file: "platform/log/jetstream/shard-stream.ts",
        find: "fence.set(PubHeaders.ExpectedLastSeqHdr, String(expected));",
        replace: "",
      },
      {
        file: "platform/log/jetstream/shard-stream.ts",
        find: `if (seq === expected + 1) return "appended";`,
        replace: `if (seq) return "appended";`,
      },
    ],
  },
  {
    name: "last-comes-first",
    says: "takes waiting commands from the wrong end",
    promise: "P5",
    fault: "none",
    patches: [
      {
        file: "services/chat/sequencer/command-queue.ts",
        find: "const item = queue.shift();",
        replace: "const item = queue.pop();",
      },
    ],
  },
  {
    name: "holes-passed-over",
    says: "goes on behind a hole",
    promise: "P6",
    fault: "drop-half",
    patches: [
      {
        file: "platform/log/followed-shard.ts",
        find: "else if (position > this.tail + 1) void this.#repair();",
        replace: "else if (position > this.tail + 1) this.#accept(record);",
      },
    ],
  },
  {
    name: "repair-dropped",
    says: "never reads what it was not shown",
    promise: "P9",
    fault: "drop-all",
    patches: [{ file: "platform/log/followed-shard.ts", find: "if (this.#repairing) return;", replace: "return;" }],
  },
  {
    name: "refused-though-done",
    says: "says of some that they were refused after they were appended",
    promise: "P13",
    fault: "none",
    patches: [
      {
        file: sequencer,
        find: "if (entry instanceof ServiceError) waiting.reject(entry);",
        replace: `if (entry instanceof ServiceError) waiting.reject(entry);
          else if (Math.random() < 0.1) waiting.reject(chatErrors.OVERLOADED());`,
      },
    ],
  },
];
