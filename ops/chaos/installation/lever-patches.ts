import type { Patch } from "../mutants/patch.ts";

/** Where the program asks the levers of its process, as `preload.ts` makes them. */
export const leverPatches: readonly Patch[] = [
  {
    file: "platform/log/jetstream/shard-followers.ts",
    find: "const record = error ? undefined :",
    replace: "const record = error || globalThis.chaos.drops() ? undefined :",
  },
  {
    file: "platform/log/jetstream/shard-stream.ts",
    find: "await this.#request(this.names.subject, bytes, this.#appendMs, fence)",
    replace:
      "await globalThis.chaos.late(() => this.#request(this.names.subject, bytes, this.#appendMs, fence), this.#appendMs)",
  },
];
