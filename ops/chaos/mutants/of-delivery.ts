import type { Mutant } from "./mutant.ts";

/** Mutants of open streams. */
export const ofDelivery: readonly Mutant[] = [
  {
    name: "tokens-go-back",
    says: "gives tokens that cover less than was told",
    promise: "P7",
    fault: "none",
    patches: [
      {
        file: "gateway/delivery/stream.ts",
        find: "const covers = this.told;",
        replace: "const covers = this.told.map((position) => Math.max(0, position - 20));",
      },
    ],
  },
  {
    name: "removed-still-told",
    says: "tells streams what happened after their user was removed",
    promise: "P11",
    fault: "none",
    patches: [
      {
        file: "gateway/delivery/membership.ts",
        find: `if (seq > interval.to) return "outside";`,
        replace: `if (seq > interval.to) return "inside";`,
      },
    ],
  },
  {
    name: "sessions-live-on",
    says: "leaves streams open when their session ends",
    promise: "P11",
    fault: "none",
    patches: [
      {
        file: "gateway/delivery/session-watch.ts",
        find: "delivery.close(CloseReason.SESSION_ENDED, ({ identity }) => ended.has(identity.sessionId));",
        replace: "void ended;",
      },
    ],
  },
];
