import { errors } from "@nats-io/nats-core";
import { expect, test } from "vitest";
import { untilAnswered } from "./nats-patience.ts";

test("what servers may answer later is asked again; anything else is not", async () => {
  const failures: Error[] = [new errors.TimeoutError(), new errors.NoRespondersError("$JS.API.INFO")];
  const answered = await untilAnswered(async () => {
    const failure = failures.shift();
    if (failure) throw failure;
    return "there";
  });
  expect(answered).toBe("there");
  const refusing = untilAnswered(() => Promise.reject(new RangeError("no such name")));
  await expect(refusing).rejects.toThrow("no such name");
});

test("servers that never answer are told of in a sentence", async () => {
  const silent = untilAnswered(() => Promise.reject(new errors.TimeoutError()), 1);
  await expect(silent).rejects.toThrow("most of its servers run and have a leader");
});
