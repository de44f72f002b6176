import { afterAll, describe } from "vitest";
import { endSharedStack } from "../../services/testing/joined-stack.ts";
import { runInShape, type Shape } from "../../services/testing/shape.ts";

/** Test files that know nothing of processes and engines: each joins the installation of the shape. */
export const scenarios = [
  "services/chat/chat.test.ts",
  "services/chat/conversations.test.ts",
  "services/chat/editing.test.ts",
  "services/chat/history.test.ts",
  "services/chat/import.test.ts",
  "services/chat/marks.test.ts",
  "services/chat/members-in-capitals.test.ts",
  "services/chat/roles.test.ts",
  "services/chat/sending.test.ts",
  "services/chat/story.test.ts",
  "services/media/media.test.ts",
  "services/user/user.test.ts",
  "gateway/subscribe.test.ts",
  "gateway/connect.test.ts",
  "clients/cli/cli.test.ts",
  "clients/sdk/media.test.ts",
  "clients/sdk/outbox.test.ts",
  "clients/sdk/sync.test.ts",
] as const;

/** The first of them waits for engines and processes. */
const startMs = 240_000;

/** Runs test files in another shape than their own. */
export function describeScenarios(shape: Shape, files: readonly string[]): void {
  runInShape(shape);
  afterAll(endSharedStack, startMs);
  for (const file of files) describe(file, async () => void (await import(`../../${file}`)));
}
