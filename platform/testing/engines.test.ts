import { expect, test } from "vitest";
import { describeOnEngines, engineUrl, freshName } from "./engines.ts";

describeOnEngines("one engine", ["redis"], ({ redis }) => {
  test("is started for the first who asks and shared by all who ask", async () => {
    expect(redis).toEqual({ url: expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+$/), monitors: [] });
    expect(await engineUrl("redis")).toBe(redis.url);
  });
});

describeOnEngines("a cluster of NATS servers", ["nats-cluster"], ({ "nats-cluster": { url, monitors } }) => {
  test("names all servers and their monitors", () => {
    expect(url.split(",")).toHaveLength(3);
    expect(monitors).toHaveLength(3);
  });
});

test("names do not repeat", () => {
  expect(freshName()).toMatch(/^[a-z][a-z0-9]{0,15}$/);
  expect(freshName()).not.toBe(freshName());
});
