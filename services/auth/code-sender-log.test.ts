import pino from "pino";
import { expect, test } from "vitest";
import { createLogCodeSender } from "./code-sender-log.ts";

test("the code is in the log, as a warning", async () => {
  const lines: string[] = [];
  const logger = pino({ level: "warn" }, { write: (line) => void lines.push(line) });
  await createLogCodeSender(logger).send("marvin@example.org", "012345");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 40, address: "marvin@example.org", code: "012345" },
  ]);
});
